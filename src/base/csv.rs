//! Lines of CSV that are safe to open in a spreadsheet. Everything that leaves this service as CSV is written here.

use std::fmt::Display;

/// One line with its end. Numbers stand as they are, and nothing for nothing; any other cell is quoted, and has an
/// apostrophe before what a spreadsheet would take for a formula.
pub fn line<const N: usize>(cells: [&dyn Display; N]) -> String {
    cells.map(|one| cell(&one.to_string())).join(",") + "\r\n"
}

fn cell(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return text.to_owned();
    }
    // As they are typed, and the full-width ones, which some spreadsheets take for the same.
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        for start in ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"] {
            assert_eq!(cell(&format!("{start}1+1")), format!("\"'{start}1+1\""));
            assert_eq!(cell(start), format!("\"'{start}\""));
        }
        assert_eq!(line([&7, &"0.25", &"", &"a=1", &"-5"]), "7,0.25,,\"a=1\",\"'-5\"\r\n");
        assert_eq!(line([&"say \"=hi\", then\r\n=1"]), "\"say \"\"=hi\"\", then\r\n=1\"\r\n");
    }
}
