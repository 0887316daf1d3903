//! Words that are not shown: lists of four languages and the show's own, compared in a form in which letters that look
//! alike are one. Pure.

use std::{collections::HashSet, sync::LazyLock};

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_security::confusable_detection::skeleton;

/// One word a line.
const LISTS: [&str; 4] = [
    include_str!("words/en.txt"),
    include_str!("words/nl.txt"),
    include_str!("words/fr.txt"),
    include_str!("words/de.txt"),
];

static LISTED: LazyLock<Words> = LazyLock::new(|| Words::of(LISTS.iter().flat_map(|list| list.lines())));

/// Shorter words are found in too many harmless ones to be looked for inside of them.
const HIDDEN_CHARS_MIN: usize = 4;

/// A set of words, in the form that is compared.
#[derive(Debug, Default)]
pub(super) struct Words {
    whole: HashSet<String>,
    /// Without doubled letters, to be found in the middle of something.
    inside: Vec<String>,
}

/// What was found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A listed word stands there.
    Word,
    /// One may be hidden: by blanks, points or doubled letters, or by accident.
    Hidden,
}

impl Words {
    /// The words of a list.
    pub(super) fn of<'a>(list: impl Iterator<Item = &'a str>) -> Self {
        let whole: HashSet<_> = list.map(|word| fold(word.trim())).filter(|word| !word.is_empty()).collect();
        let mut inside: Vec<_> = whole.iter().map(|word| single(word.chars())).collect();
        inside.retain(|word| word.chars().count() >= HIDDEN_CHARS_MIN);
        Self { whole, inside }
    }

    fn find(&self, text: &Folded) -> Option<Found> {
        if text.tokens.iter().any(|token| self.whole.contains(token)) {
            return Some(Found::Word);
        }
        self.inside.iter().any(|word| text.joined.contains(word)).then_some(Found::Hidden)
    }
}

/// A text in the form that is compared.
struct Folded {
    tokens: Vec<String>,
    joined: String,
}

impl Folded {
    fn of(text: &str) -> Self {
        let spelled: String = text.nfkc().flat_map(char::to_lowercase).map(letter_of_digit).collect();
        let forms = [fold(text), fold(&spelled)];
        let split = |form: &String| {
            form.split(|c: char| !c.is_alphanumeric()).filter(|token| !token.is_empty()).map(str::to_owned).collect()
        };
        let tokens: Vec<Vec<_>> = forms.iter().map(split).collect();
        let joined = single(forms[1].chars().filter(|c| c.is_alphanumeric()));
        Self { tokens: tokens.concat(), joined }
    }
}

/// Looks for words of the lists, and of the show.
pub(super) fn find(text: &str, own: &Words) -> Option<Found> {
    let text = Folded::of(text);
    match (LISTED.find(&text), own.find(&text)) {
        (Some(Found::Word), _) | (_, Some(Found::Word)) => Some(Found::Word),
        (listed, own) => listed.or(own),
    }
}

/// Letters that look alike are one, and none has a mark or is large.
pub(super) fn fold(text: &str) -> String {
    let small: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let bare: String = small.nfd().filter(|c| !is_combining_mark(*c)).collect();
    skeleton(&bare).flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c)).collect()
}

/// Without doubled letters.
fn single(chars: impl Iterator<Item = char>) -> String {
    let mut last = None;
    chars.filter(|c| last.replace(*c) != Some(*c)).collect()
}

/// Digits and signs that are read as letters.
const fn letter_of_digit(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_words_are_found_however_they_are_written() {
        let own = Words::of(["Broccoli", "Müsli"].into_iter());
        for (text, want) in [
            ("What a nice song!", None),
            ("I had a class in Essex", None),
            ("fuck this", Some(Found::Word)),
            ("FUCK!", Some(Found::Word)),
            ("ｆｕｃｋ", Some(Found::Word)),
            // Cyrillic с and у, Greek υ.
            ("fuсk", Some(Found::Word)),
            ("sh1t", Some(Found::Word)),
            ("@$$hole", Some(Found::Word)),
            ("Was für eine Scheiße", Some(Found::Word)),
            ("enculé", Some(Found::Word)),
            ("een KLOOTZAK", Some(Found::Word)),
            ("f.u.c.k", Some(Found::Hidden)),
            ("fuuuuck", Some(Found::Hidden)),
            ("Scunthorpe", Some(Found::Hidden)),
            ("I like brOccOli", Some(Found::Word)),
            ("musli for all", Some(Found::Word)),
        ] {
            assert_eq!(find(text, &own), want, "{text}");
        }
    }

    #[test]
    fn lists_are_there_in_four_languages() {
        assert!(LISTS.iter().all(|list| list.lines().count() >= 20));
    }
}
