//! The table `[cue.writing]`: what the audience may write, checked before air.

use super::kinds::Word;
use crate::{
    base::limits,
    shows::kind::{Kind, Writing},
};

/// What a file says beside the word of a kind, if anything.
pub(super) fn said(writing: &Writing) -> Option<Writing> {
    (*writing != Writing::default()).then(|| writing.clone())
}

/// The kind that a word and the table make. `None`: the audience does not write here. An error says what is wrong and the mend.
pub(super) fn kind(word: Word, writing: Option<&Writing>) -> Result<Option<Kind>, String> {
    let make = match word {
        Word::Questions => Kind::Questions,
        Word::Texts => Kind::Texts,
        _ if writing.is_some() => {
            return Err("writing: this table is for kind = \"questions\" and kind = \"texts\"".into());
        }
        _ => return Ok(None),
    };
    check(writing.cloned().unwrap_or_default(), word).map(|writing| Some(make(writing)))
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
            assert!(show.rundown[0].interaction.kind.writing().is_some(), "{cue}");
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
