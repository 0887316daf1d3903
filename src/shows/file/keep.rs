//! The part of a show file that says how long the show is kept.

use toml::Spanned;

use super::{FileError, at};
use crate::{base::limits, shows::keep::Keep};

/// `[keep]`.
pub(super) fn keep(text: &str, table: Option<&Spanned<Keep>>) -> Result<Keep, FileError> {
    let Some(table) = table else { return Ok(Keep::default()) };
    let (place, keep) = (table.span().start, *table.get_ref());
    let most = limits::KEEP_DAYS_MAX;
    for (key, days) in [("voter_key_days", keep.voter_key_days), ("ballots_days", keep.ballots_days)] {
        if days.is_some_and(|days| days == 0 || days > most) {
            return Err(at(text, place, format!("{key}: give 1 to {most}, or leave it out")));
        }
    }
    if let Keep { voter_key_days: Some(key), ballots_days: Some(ballots) } = keep
        && key > ballots
    {
        let detail = "voter_key_days: with the ballots the voter key is gone, too: give at most ballots_days";
        return Err(at(text, place, detail.to_owned()));
    }
    Ok(keep)
}

#[cfg(test)]
mod tests {
    use crate::shows::{
        file::{read, write},
        keep::Keep,
    };

    const SHOW: &str = "show = \"s\"\ntitle = \"S\"\n[keep]\nvoter_key_days = 14\nballots_days = 90\n\
         [[cue]]\nnumber = \"1\"\nquestion = \"?\"\noptions = [\"a\", \"b\"]\n";

    #[test]
    fn how_long_a_show_is_kept_is_said_in_days() {
        let show = read(SHOW).unwrap();
        assert_eq!(show.keep, Keep { voter_key_days: Some(14), ballots_days: Some(90) });
        assert_eq!(read(&write(&show)).unwrap(), show);
        let error = |from: &str, to: &str| read(&SHOW.replace(from, to)).unwrap_err().to_string();
        assert_eq!(error("90", "0"), "line 3, column 1: ballots_days: give 1 to 3650, or leave it out");
        assert!(error("14", "3651").contains("voter_key_days: give 1 to 3650"));
        assert!(error("14", "91").contains("give at most ballots_days"));
        assert!(error("ballots_days", "votes_days").contains("unknown field `votes_days`"));
    }
}
