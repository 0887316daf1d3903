//! The entries of a show: numbered by the order in which they were declared, for ever. One that is taken out of the show
//! file keeps its number, so that no number ever means two things, and gets it back if it is declared again.

use serde::{Deserialize, Serialize};

use crate::{base::limits, wire::entry::Entry};

/// All entries that a show ever declared; the place in the list is the number, from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Entries(Vec<Numbered>);

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Numbered {
    #[serde(flatten)]
    entry: Entry,
    /// The show declares it no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    retired: bool,
}

impl Entries {
    /// With these entries declared and no others. `None`: there are no numbers left.
    pub fn declaring(&self, declared: &[Entry]) -> Option<Self> {
        let mut next = self.clone();
        for one in &mut next.0 {
            one.retired = !declared.contains(&one.entry);
        }
        for entry in declared {
            if !next.0.iter().any(|one| one.entry == *entry) {
                next.0.push(Numbered { entry: entry.clone(), retired: false });
            }
        }
        (next.0.len() <= limits::ENTRY_NUMBERS_MAX).then_some(next)
    }

    /// The entries that are declared, with their numbers.
    pub fn declared(&self) -> impl Iterator<Item = (u8, &Entry)> {
        (1..=u8::MAX).zip(&self.0).filter(|(_, one)| !one.retired).map(|(number, one)| (number, &one.entry))
    }

    /// A declared entry by its number.
    pub fn get(&self, number: u8) -> Option<&Entry> {
        self.declared().find(|(one, _)| *one == number).map(|(_, entry)| entry)
    }

    /// The number of an entry; 0: it is not declared.
    pub fn number_of(&self, entry: &Entry) -> u8 {
        self.declared().find(|(_, one)| *one == entry).map_or(0, |(number, _)| number)
    }

    /// Whether these are declared and no others, in whatever order.
    pub fn are(&self, declared: &[Entry]) -> bool {
        self.declared().count() == declared.len() && declared.iter().all(|entry| self.number_of(entry) > 0)
    }

    /// Whether a ballot may carry this number. 0, no entry, always.
    pub fn has(&self, number: u8) -> bool {
        number == 0 || self.get(number).is_some()
    }

    /// None was ever declared.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(platform: &str) -> Entry {
        Entry { platform: Some(platform.to_owned()), ..Entry::default() }
    }

    #[test]
    fn a_number_means_one_entry_for_ever() {
        let (tv, web, app) = (of("tv"), of("web"), of("app"));
        let first = Entries::default().declaring(&[tv.clone(), web.clone()]).unwrap();
        assert_eq!((first.number_of(&tv), first.number_of(&web), first.number_of(&app)), (1, 2, 0));
        let second = first.declaring(&[app.clone(), web.clone()]).unwrap();
        assert_eq!((second.number_of(&tv), second.number_of(&web), second.number_of(&app)), (0, 2, 3));
        assert!(second.has(0) && !second.has(1) && second.has(2) && !second.has(4));
        assert!(second.are(&[web.clone(), app.clone()]) && !second.are(&[web]) && !second.are(&[]));
        assert_eq!(second.declaring(std::slice::from_ref(&tv)).unwrap().number_of(&tv), 1);
        assert_eq!(serde_json::to_string(&first).unwrap(), r#"[{"platform":"tv"},{"platform":"web"}]"#);
        let json = serde_json::to_string(&second).unwrap();
        assert!(json.starts_with(r#"[{"platform":"tv","retired":true},"#), "{json}");
        assert_eq!(serde_json::from_str::<Entries>(&json).unwrap(), second);
    }

    #[test]
    fn the_numbers_end() {
        let names: Vec<_> = (0..=limits::ENTRY_NUMBERS_MAX).map(|number| of(&number.to_string())).collect();
        let all = Entries::default().declaring(&names[1..]).unwrap();
        assert_eq!(all.number_of(names.last().unwrap()), 255);
        assert_eq!(all.declaring(&names), None);
    }
}
