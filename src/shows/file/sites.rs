//! The part of a show file that names other sites.

use toml::Spanned;

use super::{FileError, at};
use crate::{base::limits, config::doors::is_origin, shows::sites::Sites};

/// `origins` and `frames`.
pub(super) fn sites(text: &str, origins: &[Spanned<String>], frames: &[Spanned<String>]) -> Result<Sites, FileError> {
    Ok(Sites { origins: list(text, "origins", origins)?, frames: list(text, "frames", frames)? })
}

fn list(text: &str, key: &str, names: &[Spanned<String>]) -> Result<Vec<String>, FileError> {
    let mut list: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let (place, name) = (name.span().start, name.get_ref());
        if !is_origin(name) {
            let detail = format!("{key}: give what browsers send, like \"https://www.example.org\", and no path");
            return Err(at(text, place, detail));
        }
        if list.contains(name) {
            return Err(at(text, place, format!("{key}: {name} is there twice: leave one out")));
        }
        if list.len() == limits::SITES_MAX {
            return Err(at(text, place, format!("{key}: more than {}: leave some out", limits::SITES_MAX)));
        }
        list.push(name.clone());
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use crate::shows::file::{read, write};

    const SHOW: &str = "show = \"s\"\ntitle = \"S\"\norigins = [\"https://www.example.org\", \"http://127.0.0.2:8000\"]\n\
         frames = [\"https://apps.example.org\"]\n[[cue]]\nnumber = \"1\"\nquestion = \"?\"\noptions = [\"a\", \"b\"]\n";

    #[test]
    fn sites_are_named_by_their_origins() {
        let show = read(SHOW).unwrap();
        assert_eq!(show.sites.origins, ["https://www.example.org", "http://127.0.0.2:8000"]);
        assert_eq!(show.sites.frames, ["https://apps.example.org"]);
        assert_eq!(read(&write(&show)).unwrap(), show);
        let error = |from: &str, to: &str| read(&SHOW.replace(from, to)).unwrap_err().to_string();
        for wrong in ["https://apps.example.org/", "*", "null", "apps.example.org", "https://*.example.org", "'self'"] {
            let said = error("https://apps.example.org", wrong);
            assert!(said.starts_with("line 4, column 11: frames: give what browsers send"), "{said}");
        }
        assert_eq!(
            error("http://127.0.0.2:8000", "https://www.example.org"),
            "line 3, column 39: origins: https://www.example.org is there twice: leave one out"
        );
        let many: Vec<_> = (0..33).map(|n| format!("\"https://s{n}.example\"")).collect();
        assert!(error("\"https://apps.example.org\"", &many.join(",")).contains("frames: more than 32"));
    }
}
