//! `tallylight key`: keys that fire triggers, made, listed and revoked beside a running node.

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::here::{self, Answer, Ask};
use crate::{
    app::{self, layout},
    base::ids::ShowId,
    config::{Defaults, NodeConfig, NodeFlags},
    identity::{link, node},
    providers::store::{SqliteStore, shared::SharedStore},
    wire::{
        server::Role,
        trigger::{Group, KeyRequest, KeyView},
    },
};

/// Redis may have to agree.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(8);

/// Make, list and revoke keys that fire triggers
///
/// A key lets a control surface or another machine do what its groups say, by an address: POST /c/SHOW/VERB. The node has to
/// be running: give the same file, environment and flags as it has.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make a key, and print it: it is kept as a hash only, so nobody can tell it again
    Create {
        /// The show's id
        show: ShowId,
        /// What the as-run log calls it: `key NAME`
        #[arg(long)]
        name: String,
        /// Groups that it may fire
        #[arg(long, value_enum, value_delimiter = ',', required = true, value_name = "GROUP,…")]
        may: Vec<Group>,
        /// It may also fire by GET (rundown, window and screens only), for what can do nothing else
        #[arg(long)]
        get: bool,
        #[command(flatten)]
        node: Box<NodeFlags>,
    },
    /// List the keys of a show, without what opens anything
    List {
        /// The show's id
        show: ShowId,
        #[command(flatten)]
        node: Box<NodeFlags>,
    },
    /// Revoke a key by its name or id, on every node
    Revoke {
        /// The show's id
        show: ShowId,
        /// The key's name or id
        key: String,
        #[command(flatten)]
        node: Box<NodeFlags>,
    },
}

/// Does it.
///
/// # Errors
/// The node does not answer, or refuses.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.what {
        What::Create { show, name, may, get, node } => {
            let desk = Desk::enter(show, *node)?;
            let request = serde_json::to_string(&KeyRequest { name, may, get }).context("it is plain data")?;
            let made = desk.ask("POST", "", &request)?;
            println!("{}", made["key"].as_str().unwrap_or_default());
        }
        What::List { show, node } => {
            for key in Desk::enter(show, *node)?.keys()? {
                let may: Vec<_> = key.may.iter().map(|group| group.word()).collect();
                let is = if key.revoked_at.is_some() { "revoked" } else { "good" };
                let get = if key.get { " get" } else { "" };
                println!("{}  {is:<7}  {}  {}{get}  by {}", key.id, key.name, may.join(","), key.made_by);
            }
        }
        What::Revoke { show, key, node } => {
            let desk = Desk::enter(show, *node)?;
            let is_meant = |one: &KeyView| one.revoked_at.is_none() && (one.name == key || one.id.to_string() == key);
            let meant = desk.keys()?.into_iter().find(is_meant);
            let id =
                meant.with_context(|| format!("there is no key {key} (any more): `tallylight key list` has them"))?.id;
            desk.ask("DELETE", &format!("/{id}"), "")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A producer at the node, for one command.
struct Desk {
    config: NodeConfig,
    show: ShowId,
    token: String,
}

impl Desk {
    /// Enters by a one-time link of its own: who can make one here may do all that a producer may.
    fn enter(show: ShowId, flags: NodeFlags) -> anyhow::Result<Self> {
        let config = NodeConfig::new(flags, Vec::new(), Defaults::NODE, super::read)?;
        let (role, name) = (Role::Producer, "command line");
        let code = match app::way_to_redis(&config)? {
            None => {
                let store = SqliteStore::open_existing(&config.data.join(layout::DOCUMENTS))?;
                link::create(&store, &show, role, name, app::now())?
            }
            Some(redis) => {
                let shared = SharedStore::new(redis, node::name(&config.data.join(layout::NODE))?);
                let link = link::create_shared(&shared, &show, role, name, app::now());
                super::serve::runtime()?.block_on(link).context("the way in is kept in Redis, for all nodes")?
            }
        };
        let body = json!({ "code": code }).to_string();
        let ask = Ask { method: "POST", path: "/api/v1/staff/enter", bearer: "", body: &body, timeout: ANSWER_TIMEOUT };
        let entered = here::ask(&config, &ask)?;
        let token = read(&entered)?["staff"].as_str().context("the node gave no token")?.to_owned();
        Ok(Self { config, show, token })
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> anyhow::Result<Value> {
        let path = format!("/api/v1/shows/{}/keys{path}", self.show);
        let ask = Ask { method, path: &path, bearer: &self.token, body, timeout: ANSWER_TIMEOUT };
        read(&here::ask(&self.config, &ask)?)
    }

    fn keys(&self) -> anyhow::Result<Vec<KeyView>> {
        Ok(serde_json::from_value(self.ask("GET", "", "")?["keys"].clone())?)
    }
}

fn read(answer: &Answer) -> anyhow::Result<Value> {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    anyhow::ensure!((200..300).contains(&answer.status), "{}", body["detail"].as_str().unwrap_or("the node refused"));
    Ok(body)
}
