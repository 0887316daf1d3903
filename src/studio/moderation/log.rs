//! Entries of the as-run log about what the audience wrote: who did what with which items. Never the text, nor
//! anything of its sender: the log stays when a show is erased.

use crate::{
    moderation::{
        event::{Event, What},
        item::Verb,
        queue::Queue,
    },
    wire::server::AsRunEntry,
};

/// The entry of an event, if a member of staff made it.
pub(super) fn entry(event: &Event, queue: &Queue, rehearsal: bool) -> Option<AsRunEntry> {
    let by = event.by.as_ref()?.name.clone();
    let (what, items, note) = match &event.what {
        What::Sent(_) | What::Upvoted { .. } => return None,
        What::Decided { verb, items, reason, text, .. } => {
            let why = reason.filter(|_| *verb == Verb::Reject).map(|reason| format!(": {}", reason.words()));
            // Not its hash, by which a short text could be guessed when the items are erased.
            let edited = text.as_ref().map(|_| "; with another text".to_owned());
            let rest = [why, edited].into_iter().flatten().collect::<String>();
            (word(*verb), &items[..], rest)
        }
        What::Unbanned { .. } => ("unban", &[][..], String::new()),
        What::Undone { items, .. } => ("undo", &items[..], String::new()),
        What::Paused => ("pause", &[][..], String::new()),
        What::Resumed => ("resume", &[][..], String::new()),
    };
    let named = match items {
        [] => String::new(),
        [one] => format!("item {one}"),
        many => format!("{} items, {} and others", many.len(), many[0]),
    };
    let sent = items.first().and_then(|id| queue.item(*id)).map(|item| &item.sent);
    Some(AsRunEntry {
        id: event.id.clone(),
        at: event.at.as_ms(),
        rehearsal,
        by,
        what: what.to_owned(),
        cue: sent.map(|sent| sent.cue.clone()),
        run: sent.map(|sent| sent.run),
        note: format!("{named}{note}").trim_start_matches("; ").to_owned(),
    })
}

const fn word(verb: Verb) -> &'static str {
    match verb {
        Verb::Approve => "approve",
        Verb::Reject => "reject",
        Verb::Edit => "edit",
        Verb::Hide => "hide",
        Verb::Ban => "ban",
        Verb::Pick => "pick",
        Verb::Unpick => "unpick",
        Verb::Use => "use",
        Verb::Pull => "pull",
    }
}
