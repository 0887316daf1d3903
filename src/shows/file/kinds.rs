//! The part of a cue that says of what kind it is, and what only that kind has: read from its word and its table, and
//! checked before air.

use serde::{Deserialize, Serialize};

use crate::{
    base::limits,
    shows::kind::{Kind, Writing},
};

/// `kind`, as the file says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    #[default]
    Poll,
    HeadToHead,
    TugOfWar,
    Questions,
    Texts,
}

impl Word {
    /// Whether it is a plain poll, which files need not name.
    pub(super) fn is_poll(&self) -> bool {
        *self == Self::Poll
    }

    /// The word of a kind, with its table, if it has one that says something.
    pub(super) fn of(kind: &Kind) -> (Self, Option<Writing>) {
        let says = |writing: &Writing| (*writing != Writing::default()).then(|| writing.clone());
        match kind {
            Kind::Poll => (Self::Poll, None),
            Kind::HeadToHead => (Self::HeadToHead, None),
            Kind::TugOfWar => (Self::TugOfWar, None),
            Kind::Questions(writing) => (Self::Questions, says(writing)),
            Kind::Texts(writing) => (Self::Texts, says(writing)),
        }
    }

    /// The kind that a word and the table `[cue.writing]` make. An error says what is wrong and the mend.
    pub(super) fn kind(self, writing: Option<&Writing>) -> Result<Kind, String> {
        let checked = || writing.cloned().map_or(Ok(Writing::default()), |writing| check(writing, self));
        let kind = match self {
            Self::Poll => Kind::Poll,
            Self::HeadToHead => Kind::HeadToHead,
            Self::TugOfWar => Kind::TugOfWar,
            Self::Questions => return checked().map(Kind::Questions),
            Self::Texts => return checked().map(Kind::Texts),
        };
        match writing {
            None => Ok(kind),
            Some(_) => Err("writing: this table is for kind = \"questions\" and kind = \"texts\"".into()),
        }
    }
}

fn check(writing: Writing, word: Word) -> Result<Writing, String> {
    let Writing { chars_max, upvotes, words, .. } = &writing;
    if !(1..=limits::ITEM_CHARS_MAX).contains(chars_max) {
        return Err(format!("writing: chars_max: give 1 to {}", limits::ITEM_CHARS_MAX));
    }
    if *upvotes && word == Word::Texts {
        return Err("writing: upvotes are for questions: viewers see no list of texts".into());
    }
    let is_word = |word: &String| {
        !word.trim().is_empty()
            && word.chars().count() <= limits::ITEM_WORD_CHARS_MAX
            && !word.contains(char::is_whitespace)
    };
    if words.len() > limits::ITEM_WORDS_MAX || !words.iter().all(is_word) {
        let (most, chars) = (limits::ITEM_WORDS_MAX, limits::ITEM_WORD_CHARS_MAX);
        return Err(format!("writing: words: at most {most}, each one word of at most {chars} characters"));
    }
    Ok(writing)
}

#[cfg(test)]
mod tests {
    use crate::shows::{file, kind::Kind};

    fn read(cue: &str) -> Result<file::ShowFile, file::FileError> {
        file::read(&format!("show = \"s\"\ntitle = \"S\"\n[[cue]]\nnumber = \"1\"\nquestion = \"?\"\n{cue}\n"))
    }

    #[test]
    fn what_the_audience_may_write_reads_in_as_it_is_written() {
        for cue in [
            "kind = \"questions\"",
            "kind = \"texts\"\nwindow_s = 60\n[cue.writing]\nchars_max = 80\napprove_unseen = true",
            "kind = \"questions\"\n[cue.writing]\nupvotes = true\nwords = [\"Broccoli\"]",
        ] {
            let show = read(cue).unwrap();
            assert!(show.has_writing(), "{cue}");
            assert_eq!(file::read(&file::write(&show)).as_ref(), Ok(&show), "{cue}");
        }
        let Kind::Texts(writing) = &read("kind = \"texts\"").unwrap().rundown[0].interaction.kind else { panic!() };
        assert!((writing.chars_max, writing.approve_unseen) == (200, false), "nothing is approved unseen by itself");
    }

    #[test]
    fn what_cannot_be_meant_is_said_before_air() {
        for (cue, said) in [
            ("kind = \"questions\"\noptions = [\"a\", \"b\"]", "the audience writes here and does not vote"),
            ("kind = \"texts\"\nvotes = 2", "the audience writes here and does not vote"),
            ("kind = \"texts\"\nprepare = true", "the audience writes here and does not vote"),
            ("kind = \"texts\"\n[cue.writing]\nupvotes = true", "writing: upvotes are for questions"),
            ("kind = \"texts\"\n[cue.writing]\nchars_max = 501", "writing: chars_max: give 1 to 500"),
            ("kind = \"texts\"\n[cue.writing]\nwords = [\"two words\"]", "writing: words: at most 200, each one word"),
            (
                "options = [\"a\", \"b\"]\n[cue.writing]\nchars_max = 9",
                "writing: this table is for kind = \"questions\"",
            ),
            ("options = []", "needs 2 to 64 options"),
        ] {
            let error = read(cue).unwrap_err().to_string();
            assert!(error.contains(said), "{cue}: {error}");
        }
    }
}
