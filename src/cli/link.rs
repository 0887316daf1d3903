//! `tallylight link`: a one-time staff link, made beside a running node.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use super::startup::{self, ADDRESS_NOTE};
use crate::{
    app::{self, layout},
    base::ids::ShowId,
    config::{Defaults, NodeConfig, NodeFlags, nodes::NodesFlags},
    identity::{link, node},
    providers::store::{SqliteStore, Store, shared::SharedStore},
    wire::server::Role,
};

/// Make a one-time link to the studio page, or the moderators', for a member of staff
///
/// The link works once, within 12 hours. Who enters by it stays in for 16 hours, in one tab of one browser. The node may
/// be running.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The show's id
    show: ShowId,
    /// What its holder may do. An observer sees; a moderator decides what of the audience's questions and texts may be
    /// shown; an operator runs the rundown, the windows and the screens, a producer
    /// also goes live, voids and does what an adjudicator does; an adjudicator seals, verifies and reveals
    #[arg(long, value_enum, value_name = "ROLE")]
    role: LinkRole,
    /// Who it is for: other staff and the as-run log show this name
    #[arg(long)]
    name: String,
    /// Data directory of the node
    #[arg(long, env = "TALLYLIGHT_DATA", value_name = "DIR", default_value = "tallylight.data")]
    data: PathBuf,
    #[command(flatten)]
    nodes: NodesFlags,
    /// Beginning of the link: the address by which its holder reaches the node; if left out, the one that the node's last
    /// start printed
    #[arg(long, env = "TALLYLIGHT_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LinkRole {
    Observer,
    Moderator,
    Operator,
    Producer,
    Adjudicator,
}

/// Makes and prints the link.
///
/// # Errors
/// There is no such show in the data directory.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let role = match args.role {
        LinkRole::Observer => Role::Observer,
        LinkRole::Moderator => Role::Moderator,
        LinkRole::Operator => Role::Operator,
        LinkRole::Producer => Role::Producer,
        LinkRole::Adjudicator => Role::Adjudicator,
    };
    let (show, name) = (&args.show, &args.name);
    let store = SqliteStore::open_existing(&args.data.join(layout::DOCUMENTS))?;
    anyhow::ensure!(store.show(show)?.is_some(), "there is no show {show} in {}", args.data.display());
    let base = match &args.public_url {
        Some(url) => url.clone(),
        None => store.note(ADDRESS_NOTE)?.context("give --public-url: no node has started in this directory")?,
    };
    let flags = NodeFlags { nodes: args.nodes.clone(), ..NodeFlags::default() };
    let config = NodeConfig::new(flags, Vec::new(), Defaults::NODE, super::read)?;
    let code = match app::way_to_redis(&config)? {
        None => link::create(&store, show, role, name, app::now())?,
        Some(redis) => {
            let shared = SharedStore::new(redis, node::name(&args.data.join(layout::NODE))?);
            let link = link::create_shared(&shared, show, role, name, app::now());
            super::serve::runtime()?.block_on(link).context("the link is kept in Redis, for all nodes")?
        }
    };
    println!("{}/{}/{}#{code}", base.trim_end_matches('/'), startup::page(role), args.show);
    Ok(ExitCode::SUCCESS)
}
