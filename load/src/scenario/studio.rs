//! The studio: presses what the scenario says with the token of a staff link, and at the end has every run sealed and
//! verified, so that the server's account is the signed one. Without a link it says on the terminal what a person should
//! press, and takes the account from what viewers may see.

use std::{collections::BTreeMap, io::IsTerminal as _, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tallylight::base::ids::RunId;
use tokio::time::{Instant, sleep};

use super::{
    file::Act,
    http::{Ask, Http},
};
use crate::book::verdict::{Account, Source};

/// A run locks after the close's lead, its grace and the delay of its last platform.
const LOCKED_WITHIN: Duration = Duration::from_secs(90);
/// The same command within a second is refused.
const AGAIN: Duration = Duration::from_millis(1100);

/// The studio of one show.
#[derive(Debug)]
pub struct Studio {
    http: Http,
    show: String,
    token: Option<String>,
    commands: u32,
    /// The runs that were on program, what viewers saw of them, and whether they take ballots.
    runs: BTreeMap<RunId, (Account, bool)>,
}

/// A step that was done, or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Seconds from the start: when it was due, and when the answer was there.
    pub due_s: f64,
    pub at_s: f64,
    pub what: String,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl Studio {
    /// Comes in by a staff link (of a producer, or an operator and adjudicator in one), if there is one.
    pub async fn enter(mut http: Http, show: String, link: Option<&str>) -> Result<Self> {
        let mut token = None;
        if let Some(link) = link {
            let code = link.rsplit('#').next().unwrap_or_default();
            let ask = Ask { path: "/api/v1/staff/enter", body: Some(&json!({ "code": code })), ..Ask::default() };
            let reply = http.ask(ask).await.context("the node does not answer")?;
            token = reply.json()["staff"].as_str().map(str::to_owned);
            if token.is_none() {
                bail!(
                    "the staff link is not taken: {}. A link works once; `tallylight link` makes another",
                    reply.problem()
                );
            }
        }
        Ok(Self { http, show, token, commands: 0, runs: BTreeMap::new() })
    }

    /// What viewers see.
    pub async fn live(&mut self) -> Result<Value> {
        let path = format!("/api/v1/shows/{}/live", self.show);
        let reply = self.http.ask(Ask { path: &path, ..Ask::default() }).await.context("the node does not answer")?;
        match reply.status {
            200 => Ok(reply.json()),
            404 => bail!("the node has no show {}", self.show),
            _ => bail!("the node says of the show {}: {}", self.show, reply.problem()),
        }
    }

    /// Whether it can press anything.
    pub const fn has_hands(&self) -> bool {
        self.token.is_some()
    }

    /// Does a step. `Err`: why not, in the server's words.
    pub async fn act(&mut self, act: &Act) -> Result<(), String> {
        if self.token.is_none() {
            let bell = if std::io::stderr().is_terminal() { "\x07" } else { "" };
            eprintln!("\n{bell}NOW in the studio: {act}");
            return Ok(());
        }
        match act {
            Act::Take { cue } => {
                self.look().await;
                self.press("standby", json!({ "cue": cue })).await?;
                self.press("take", json!({})).await?;
            }
            Act::Open { seconds } => self.press("open", seconds.map_or(json!({}), |s| json!({ "seconds": s }))).await?,
            Act::Extend { seconds } => self.press("extend", json!({ "seconds": seconds })).await?,
            Act::Press(verb) => self.press(verb, json!({})).await?,
            Act::Cut { .. } => {}
        }
        self.look().await;
        Ok(())
    }

    /// Remembers the run that is on program, with its numbers if viewers may see them.
    pub async fn look(&mut self) {
        let Ok(live) = self.live().await else { return };
        let run = &live["show"]["run"];
        let Some(id) = run["id"].as_str().and_then(|id| id.parse::<RunId>().ok()) else { return };
        let (account, ballots) = self.runs.entry(id).or_default();
        *ballots = run["votes"] != 0 && run["writing"].is_null();
        account.cue = run["cue"].as_str().unwrap_or_default().to_owned();
        let over = matches!(run["phase"].as_str(), Some("locked" | "sealed" | "verified" | "revealed"));
        let results = &live["results"];
        if results["run"] == run["id"] && results["state"] != "hidden" && (over || run["votes"] == 0) {
            let options = results["options"].as_array().into_iter().flatten();
            account.votes = options.map(|option| option["votes"].as_u64().unwrap_or(0)).collect();
            account.source = Source::Results;
            account.note.clear();
        } else if over && account.source == Source::Nothing {
            account.note = "viewers may not see its numbers: give --staff".to_owned();
        }
    }

    /// The accounts of all runs at the end: what is open is closed, and what took ballots is sealed and verified.
    pub async fn conclude(mut self) -> BTreeMap<RunId, Account> {
        self.look().await;
        let until = Instant::now() + LOCKED_WITHIN;
        let mut closed = false;
        // The run on program has to be locked by the clock.
        while Instant::now() < until {
            let Ok(live) = self.live().await else { break };
            let run = &live["show"]["run"];
            match run["phase"].as_str() {
                Some("open") if self.token.is_some() && !closed => {
                    closed = self.press("close", json!({})).await.is_ok();
                }
                Some("open") if self.token.is_none() => break,
                Some("open" | "closing") => {}
                _ => break,
            }
            sleep(Duration::from_millis(200)).await;
        }
        self.look().await;
        let mut accounts = BTreeMap::new();
        for (run, (mut account, ballots)) in std::mem::take(&mut self.runs) {
            if self.token.is_some() && ballots {
                match self.certify(run, until).await {
                    Ok(certificate) => account = certificate,
                    Err(why) => account.note = why,
                }
            }
            accounts.insert(run, account);
        }
        accounts
    }

    /// Seals and verifies a run and reads its certificate.
    async fn certify(&mut self, run: RunId, until: Instant) -> Result<Account, String> {
        let path = format!("/api/v1/shows/{}/runs/{run}/certificate", self.show);
        for verb in ["seal", "verify"] {
            while let Err(why) = self.press(verb, json!({ "run": run })).await {
                let reply = self.get(&path).await?;
                if reply.status == 200 {
                    break;
                }
                if Instant::now() >= until {
                    return Err(format!("{verb}: {why}"));
                }
                sleep(AGAIN).await;
            }
        }
        let reply = self.get(&path).await?;
        if reply.status != 200 {
            return Err(reply.problem());
        }
        let certificate = reply.json();
        let votes = certificate["options"].as_array().into_iter().flatten();
        Ok(Account {
            cue: certificate["cue"].as_str().unwrap_or_default().to_owned(),
            source: Source::Manifest,
            counted: certificate["counted"].as_u64(),
            late: certificate["late"].as_u64(),
            votes: votes.map(|option| option["votes"].as_u64().unwrap_or(0)).collect(),
            note: String::new(),
        })
    }

    async fn get(&mut self, path: &str) -> Result<super::http::Reply, String> {
        let bearer = self.token.clone();
        self.http
            .ask(Ask { path, bearer: bearer.as_deref(), ..Ask::default() })
            .await
            .map_err(|error| error.to_string())
    }

    /// Gives a command.
    async fn press(&mut self, verb: &str, mut command: Value) -> Result<(), String> {
        self.commands += 1;
        command["id"] = format!("load {} {}", std::process::id(), self.commands).into();
        command["do"] = verb.into();
        let path = format!("/api/v1/shows/{}/commands", self.show);
        let bearer = self.token.clone();
        let ask = Ask { path: &path, bearer: bearer.as_deref(), body: Some(&command), etag: None };
        let reply = self.http.ask(ask).await.map_err(|error| error.to_string())?;
        let done = reply.json();
        if reply.status == 200 && done["ok"] == true {
            return Ok(());
        }
        Err(done["detail"].as_str().map_or_else(|| reply.problem(), str::to_owned))
    }
}
