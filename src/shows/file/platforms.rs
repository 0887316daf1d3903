//! `[[platform]]`: on what a show is watched, and how much later.

use serde::Deserialize;
use toml::Spanned;

use super::{FileError, at, checked};
use crate::{base::limits, shows::platforms::Platform, wire::entry::Entry};

/// One `[[platform]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlatformTable {
    name: Spanned<String>,
    label: Option<Spanned<String>>,
    delay_ms: Spanned<u64>,
    jitter_ms: Option<Spanned<u64>>,
}

/// All platforms; `entries` say which there are.
pub(super) fn platforms(text: &str, tables: &[PlatformTable], entries: &[Entry]) -> Result<Vec<Platform>, FileError> {
    let mut all: Vec<Platform> = Vec::with_capacity(tables.len());
    for PlatformTable { name, label, delay_ms, jitter_ms } in tables {
        let place = name.span().start;
        let name = name.get_ref().clone();
        if !entries.iter().any(|entry| entry.platform.as_ref() == Some(&name)) {
            let detail = format!("no entry has the platform {name:?}: give it an [[entry]], or leave it out");
            return Err(at(text, place, detail));
        }
        if all.iter().any(|other| other.name == name) {
            return Err(at(text, place, format!("the platform {name} is there twice: leave one out")));
        }
        if all.len() == limits::PLATFORMS_MAX {
            let detail = format!("more than {} platforms: leave some out", limits::PLATFORMS_MAX);
            return Err(at(text, place, detail));
        }
        let ms = |value: &Spanned<u64>, key: &str, most: u64| match *value.get_ref() {
            ms if ms <= most => Ok(ms),
            _ => Err(at(text, value.span().start, format!("{key}: give at most {most}"))),
        };
        let delay_ms = ms(delay_ms, "delay_ms", limits::DELAY_MS_MAX)?;
        let jitter_ms = jitter_ms.as_ref().map(|value| ms(value, "jitter_ms", limits::JITTER_MS_MAX)).transpose()?;
        let label = label.as_ref().map(|label| checked(text, label, "label")).transpose()?.unwrap_or_default();
        all.push(Platform { name, label, delay_ms, jitter_ms: jitter_ms.unwrap_or(0) });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use crate::shows::file::{read, write};

    const SHOW: &str = "show = \"s\"\ntitle = \"S\"\n[[cue]]\nnumber = \"1\"\nquestion = \"?\"\noptions = [\"a\", \"b\"]\n\
         [[entry]]\nplatform = \"tv\"\n[[entry]]\nplatform = \"web\"\nsegment = \"north\"\n\
         [[platform]]\nname = \"tv\"\nlabel = \"Television\"\ndelay_ms = 7000\n\
         [[platform]]\nname = \"web\"\ndelay_ms = 30000\njitter_ms = 4000\n";

    #[test]
    fn a_platform_is_one_that_an_entry_names() {
        let show = read(SHOW).unwrap();
        let found: Vec<_> =
            show.platforms.iter().map(|one| (&*one.name, &*one.label, one.delay_ms, one.jitter_ms)).collect();
        assert_eq!(found, [("tv", "Television", 7000, 0), ("web", "", 30_000, 4000)]);
        assert_eq!(read(&write(&show)).unwrap(), show);
        for (from, to, said) in [
            ("name = \"web\"", "name = \"app\"", "line 17, column 8: no entry has the platform \"app\""),
            ("name = \"web\"", "name = \"tv\"", "line 17, column 8: the platform tv is there twice"),
            ("delay_ms = 30000", "delay_ms = 180001", "line 18, column 12: delay_ms: give at most 180000"),
            ("jitter_ms = 4000", "jitter_ms = 60001", "line 19, column 13: jitter_ms: give at most 60000"),
            ("delay_ms = 7000\n", "", "missing field `delay_ms`"),
            ("delay_ms = 7000", "delay_ms = -1", "invalid value: integer `-1`"),
            ("label = \"Television\"", "label = \"\"", "the label is empty"),
        ] {
            let error = read(&SHOW.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        let many = |what: &str, more: &str| -> String {
            (0..17)
                .map(|n| {
                    format!("[[{what}]]\n{} = \"p{n}\"\n{more}", if what == "entry" { "platform" } else { "name" })
                })
                .collect()
        };
        let all = SHOW.split("[[entry]]").next().unwrap().to_owned()
            + &many("entry", "")
            + &many("platform", "delay_ms = 1\n");
        assert!(read(&all).unwrap_err().to_string().contains("more than 16 platforms"));
    }
}
