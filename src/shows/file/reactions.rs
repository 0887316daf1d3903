//! The part of a cue that viewers tap: which emoji, and what does not go with it.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{ReadCue, kinds::Word};
use crate::{
    base::limits,
    shows::{
        interaction::{Interaction, Visibility},
        kind::Kind,
    },
};

/// The one button of an applause meter.
const APPLAUSE: &str = "👏";

/// `[cue.reactions]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Emoji<Text> {
    emoji: Vec<Text>,
}

impl<'a> Emoji<&'a str> {
    /// The table of an interaction, as its file would say it. `None`: it has none.
    pub(super) fn of(interaction: &'a Interaction) -> Option<Self> {
        let emoji = interaction.options.iter().map(String::as_str).collect();
        (interaction.kind == Kind::Reactions).then_some(Self { emoji })
    }
}

/// What viewers tap in a cue. `None`: they vote. An error says what is wrong and the mend.
pub(super) fn buttons(cue: &ReadCue) -> Result<Option<Vec<String>>, String> {
    let buttons = match (&cue.kind, &cue.reactions) {
        (Word::Applause, None) => vec![APPLAUSE.to_owned()],
        (Word::Reactions, Some(table)) => emoji(&table.emoji)?,
        (Word::Reactions, None) => {
            return Err("reactions: say what can be tapped: [cue.reactions] with emoji = [\"👏\"]".into());
        }
        (_, Some(_)) => return Err("[cue.reactions] is for a cue of kind = \"reactions\"".into()),
        (_, None) => return Ok(None),
    };
    let not_for_taps = [
        ("options", !cue.options.is_empty()),
        ("votes", cue.votes != 1),
        ("per_option", cue.per_option.is_some()),
        ("changeable", cue.changeable),
        ("[cue.rating]", cue.rating.is_some()),
        ("[cue.quiz]", cue.quiz.is_some()),
        ("[cue.prediction]", cue.prediction.is_some()),
        ("confirm", cue.confirm),
        ("prepare", cue.prepare),
        ("[cue.rules]", cue.rules.is_some()),
    ];
    if let Some((key, _)) = not_for_taps.iter().find(|(_, said)| *said) {
        return Err(format!("{key}: viewers tap here and do not vote; leave it out"));
    }
    for (key, see) in
        [("viewers_see", cue.viewers_see), ("screens_see", cue.screens_see), ("operators_see", cue.operators_see)]
    {
        if matches!(see, Visibility::AfterVote | Visibility::OnReveal) {
            return Err(format!("{key}: nobody votes here and nothing is revealed; give always, after_close or never"));
        }
    }
    Ok(Some(buttons))
}

fn emoji(read: &[Spanned<String>]) -> Result<Vec<String>, String> {
    let emoji: Vec<String> = read.iter().map(|one| one.get_ref().trim().to_owned()).collect();
    if !(1..=limits::EMOJI_MAX).contains(&emoji.len()) {
        return Err(format!("emoji: give 1 to {}", limits::EMOJI_MAX));
    }
    let is_good = |one: &String| {
        let chars = one.chars().count();
        (1..=limits::EMOJI_CHARS_MAX).contains(&chars) && !one.chars().any(char::is_control)
    };
    if let Some(bad) = emoji.iter().find(|one| !is_good(one)) {
        return Err(format!("emoji: {bad:?} is none: give 1 to {} characters each", limits::EMOJI_CHARS_MAX));
    }
    if let Some(twice) = (1..emoji.len()).find(|i| emoji[..*i].contains(&emoji[*i])) {
        return Err(format!("emoji: {} is there twice", emoji[twice]));
    }
    Ok(emoji)
}

#[cfg(test)]
mod tests {
    use crate::shows::file::{read, write};

    const HEAD: &str = "show = \"s\"\ntitle = \"S\"\n[[cue]]\nnumber = \"1\"\nquestion = \"?\"\n";

    #[test]
    fn what_is_tapped_is_written_as_it_was_read() {
        for cue in ["kind = \"applause\"\n", "kind = \"reactions\"\n[cue.reactions]\nemoji = [\"👏\", \"👨‍👩‍👧‍👦\"]\n"]
        {
            let show = read(&format!("{HEAD}{cue}")).unwrap();
            assert!(!show.rundown[0].interaction.takes_ballots());
            assert_eq!(read(&write(&show)).unwrap(), show);
        }
    }

    #[test]
    fn what_does_not_go_with_it_is_said_before_air() {
        let emoji = "kind = \"reactions\"\n[cue.reactions]\nemoji = ";
        for (cue, said) in [
            ("kind = \"reactions\"".to_owned(), "reactions: say what can be tapped"),
            (format!("{emoji}[]"), "emoji: give 1 to 8"),
            (format!("{emoji}[\"👏\", \"👏\"]"), "emoji: 👏 is there twice"),
            (format!("{emoji}[\" \"]"), "emoji: \"\" is none"),
            ("options = [\"a\", \"b\"]\n[cue.reactions]\nemoji = [\"👏\"]".to_owned(), "[cue.reactions] is for a cue"),
            ("kind = \"applause\"\noptions = [\"a\", \"b\"]".to_owned(), "options: viewers tap here"),
            ("kind = \"applause\"\nprepare = true".to_owned(), "prepare: viewers tap here"),
            ("kind = \"applause\"\n[cue.rules]\nthreshold = 7".to_owned(), "[cue.rules]: viewers tap here"),
            ("kind = \"applause\"\nviewers_see = \"on_reveal\"".to_owned(), "viewers_see: nobody votes here"),
        ] {
            let error = read(&format!("{HEAD}{cue}\n")).unwrap_err().to_string();
            assert!(error.contains(said), "{cue}: {error}");
        }
    }
}
