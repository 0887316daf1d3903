//! What a node says when it is ready: where it listens, the pages of every show, and one-time links for staff.

use std::io::Write as _;

use crate::{
    app::App,
    identity::token::{self, ScreenKey},
    studio::links,
    wire::server::Role,
};

/// The note that keeps where people reach the node, for links that are made beside it.
pub(super) const ADDRESS_NOTE: &str = "address";

/// The page that a role's link leads to.
pub(super) const fn page(role: Role) -> &'static str {
    if matches!(role, Role::Moderator) { "moderate" } else { "studio" }
}

/// Writes the start-up message to standard output. Its first line is the one that programs read.
///
/// # Errors
/// A link cannot be stored, or nobody reads the message.
pub async fn tell(app: &App) -> anyhow::Result<()> {
    let doors = &app.doors;
    let services = &doors.services;
    let here = format!("http://{}", app.address);
    let base = if doors.public_url.is_empty() { here.clone() } else { doors.public_url.clone() };
    let (store, noted) = (services.store.clone(), base.clone());
    services.tasks.blocking(move || store.put_note(ADDRESS_NOTE, &noted)).await?;
    let mut text = format!("listening on {here}\n");
    for desk in doors.desks.all() {
        let show = &desk.show;
        let key = token::sign(&services.secret, &ScreenKey { show: show.clone() });
        text += &format!("\n{} ({show})\n", desk.document().title);
        text += &format!("  audience     {base}/s/{show}\n");
        for (role, name) in [
            (Role::Producer, "Producer"),
            (Role::Operator, "Operator"),
            (Role::Adjudicator, "Adjudicator"),
            (Role::Moderator, "Moderator"),
        ] {
            let code = links::create(services, show, role, name).await?;
            text += &format!("  {:<12} {base}/{}/{show}#{code}\n", name.to_lowercase(), page(role));
        }
        for (_, entry, path) in links::entries(services, &desk) {
            text += &format!("  entry        {base}{path}  ({entry})\n");
        }
        text += &format!("  overlay      {base}/o/{show}/results?key={key}\n");
    }
    if doors.desks.all().is_empty() {
        text += "\nno show yet: start with --show FILE (examples/evening.toml is one)\n";
    }
    text += &format!(
        "\nstaff links work once; `tallylight link` makes more. Results are signed by {}\n",
        services.secret.public_key()
    );
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
