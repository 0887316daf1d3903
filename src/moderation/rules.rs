//! The automatic rules: what is refused with a reason before a moderator sees it, and what a moderator should look at
//! twice. They never approve. Pure.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_security::MixedScript as _;

use super::words::{self, Found, Words};
use crate::{
    base::limits,
    shows::kind::Writing,
    wire::moderation::{Flag, WhyNot},
};

/// What the rules make of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The text as it is kept: without blanks around it, and in one line.
    pub text: String,
    pub outcome: Result<Vec<Flag>, WhyNot>,
}

/// Judges what somebody wrote.
pub fn judge(text: &str, writing: &Writing) -> Judged {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let outcome = outcome(&text, writing);
    Judged { text, outcome }
}

/// Judges what a moderator made of it: nothing that does not show may get on the screens by an edit either.
pub fn judge_edit(text: &str, writing: &Writing) -> Judged {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let outcome = shape(&text, writing).map(|()| Vec::new());
    Judged { text, outcome }
}

/// The form in which two texts are the same.
pub fn sameness(text: &str) -> String {
    let folded = words::fold(text);
    let letters: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    if letters.is_empty() { folded } else { letters }
}

fn outcome(text: &str, writing: &Writing) -> Result<Vec<Flag>, WhyNot> {
    shape(text, writing)?;
    let plain: String = text.nfkc().flat_map(char::to_lowercase).collect();
    if has_mail(&plain) || longest_number(&plain, " -./()+") >= limits::PHONE_DIGITS_MIN {
        return Err(WhyNot::Contact);
    }
    if has_link(&plain) {
        return Err(WhyNot::Link);
    }
    let mut flags = Vec::new();
    match words::find(text, &Words::of(writing.words.iter().map(String::as_str))) {
        Some(Found::Word) => return Err(WhyNot::Words),
        Some(Found::Hidden) => flags.push(Flag::HiddenWord),
        None => {}
    }
    let is_mixed = |word: &str| !word.is_single_script();
    if text.split(|c: char| !c.is_alphanumeric()).any(is_mixed) {
        flags.push(Flag::Scripts);
    }
    if longest_number(&plain, "") >= limits::NUMBER_DIGITS_FLAGGED {
        flags.push(Flag::Numbers);
    }
    let letters = text.chars().filter(|c| c.is_alphabetic());
    if letters.clone().count() >= 12
        && letters.clone().all(|c| !c.is_lowercase())
        && text.chars().any(char::is_uppercase)
    {
        flags.push(Flag::Shouting);
    }
    flags.sort_unstable();
    Ok(flags)
}

/// Length, and characters that do not show or pile up.
fn shape(text: &str, writing: &Writing) -> Result<(), WhyNot> {
    if !text.chars().any(|c| !c.is_whitespace() && !is_invisible(c)) {
        return Err(WhyNot::Empty);
    }
    if text.chars().count() > usize::from(writing.chars_max) {
        return Err(WhyNot::TooLong);
    }
    let is_right_to_left =
        text.chars().any(|c| matches!(c, '\u{0590}'..='\u{08ff}' | '\u{fb1d}'..='\u{fefc}') && c.is_alphabetic());
    let (mut marks, mut before) = (0, ' ');
    // Of a letter with one mark both forms are the same text.
    for c in text.nfc() {
        let joins = matches!(c, '\u{200c}' | '\u{200d}') && !before.is_ascii() && !is_invisible(before);
        let shows = matches!(c, '\u{fe0e}' | '\u{fe0f}') && !is_invisible(before);
        // A flag of a part of a country is spelled in tags.
        let tags = matches!(c, '\u{e0020}'..='\u{e007f}') && matches!(before, '\u{1f3f4}' | '\u{e0020}'..='\u{e007e}');
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}') && is_right_to_left;
        if is_invisible(c) && !(joins || shows || tags || turns) {
            return Err(WhyNot::Characters);
        }
        marks = if is_combining_mark(c) && !shows { marks + 1 } else { 0 };
        if marks > limits::MARKS_IN_A_ROW_MAX {
            return Err(WhyNot::Characters);
        }
        before = c;
    }
    Ok(())
}

/// Control characters, those that turn the direction, those without a width, fillers, tags, and those that mean nothing.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{ffff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

/// Ends of addresses that people write without anything before them, but for those that are words as well.
const ENDS: [&str; 22] = [
    "app", "biz", "ch", "cn", "co", "com", "de", "dev", "eu", "fr", "gg", "io", "ly", "net", "nl", "org", "ru", "shop",
    "site", "tv", "uk", "xyz",
];

fn has_link(plain: &str) -> bool {
    if ["://", "www.", "hxxp"].iter().any(|sign| plain.contains(sign)) {
        return true;
    }
    let said = plain.replace(" dot ", ".").replace("(dot)", ".").replace("[.]", ".").replace("(.)", ".");
    said.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '/'))).any(|word| {
        let (host, is_path) = word.split_once('/').map_or((word, false), |(host, _)| (host, true));
        let (name, end) = host.trim_matches('.').rsplit_once('.').unwrap_or_default();
        let is_name = name.chars().any(char::is_alphabetic) && end.chars().all(char::is_alphabetic);
        is_name && (ENDS.contains(&end) || is_path && end.len() >= 2)
    })
}

fn has_mail(plain: &str) -> bool {
    plain.split_whitespace().any(|word| {
        let (name, domain) = word.split_once('@').unwrap_or_default();
        !name.is_empty() && domain.trim_end_matches('.').contains('.')
    })
}

/// Digits of the longest number, in which these may stand between digits.
fn longest_number(plain: &str, between: &str) -> usize {
    let (mut longest, mut here) = (0, 0);
    for c in plain.chars() {
        if c.is_numeric() {
            here += 1;
        } else if !between.contains(c) {
            here = 0;
        }
        longest = longest.max(here);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<Flag>, WhyNot> {
        judge(text, &Writing { words: vec!["Grobian".into()], ..Writing::default() }).outcome
    }

    #[test]
    fn what_people_write_passes() {
        for text in [
            "Who wrote the second song?",
            "Hoe lang heb je geoefend? 😀👍🏽",
            "Où étiez-vous en 2019-2020 ?",
            "Größe: 1,85 m. Stimmt das?",
            "متى تعود إلى القاهرة؟",
            "می‌خواهم بدانم", // Persian needs a non-joiner inside a word.
            "क्षत्रिय कैसे हैं?",
            "なぜカメラが2台ですか",
            "👨‍👩‍👧‍👦 from 🏴󠁧󠁢󠁥󠁮󠁧󠁿!",
            "e\u{301}te\u{301}",
            "At 9.30 or at 10.45?",
            "Fine.me too, and/or 1.5/2",
            "I scored 100.000 points... ok.",
        ] {
            assert_eq!(of(text), Ok(Vec::new()), "{text}");
        }
        assert_eq!(judge("  two\n lines\t here ", &Writing::default()).text, "two lines here");
    }

    #[test]
    fn what_cannot_be_shown_is_refused_with_the_reason() {
        let long = "x".repeat(usize::from(Writing::default().chars_max) + 1);
        for (text, why) in [
            ("", WhyNot::Empty),
            (" \u{200b} ", WhyNot::Empty),
            (&*long, WhyNot::TooLong),
            ("nice\u{202e}txt", WhyNot::Characters),
            ("pa\u{200b}ss", WhyNot::Characters),
            ("pa\u{200d}ss", WhyNot::Characters),
            ("a\u{0}b", WhyNot::Characters),
            ("Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}a", WhyNot::Characters),
            ("\u{e0041}tag", WhyNot::Characters),
            ("see https://evil.example", WhyNot::Link),
            ("see ｗｗｗ．evil.example", WhyNot::Link),
            ("go to cheap-pills.shop now", WhyNot::Link),
            ("spam dot com", WhyNot::Link),
            ("t.me/pills", WhyNot::Link),
            ("mail me@example.org", WhyNot::Contact),
            ("call +31 6 1234 5678", WhyNot::Contact),
            ("call ０６１２３４５６７８", WhyNot::Contact),
            ("you are a grobian", WhyNot::Words),
            ("das ist scheisse", WhyNot::Words),
        ] {
            assert_eq!(of(text), Err(why), "{text}");
        }
    }

    #[test]
    fn what_is_odd_is_flagged() {
        assert_eq!(of("the pаssword"), Ok(vec![Flag::Scripts]), "a Cyrillic letter");
        assert_eq!(of("room 123456"), Ok(vec![Flag::Numbers]));
        assert_eq!(of("WHY ARE YOU SHOUTING"), Ok(vec![Flag::Shouting]));
        assert_eq!(of("you g r o b i a n"), Ok(vec![Flag::HiddenWord]));
    }

    #[test]
    fn the_same_is_the_same_however_it_is_written() {
        assert_eq!(sameness("Who WON?"), sameness("who  won"));
        assert_eq!(sameness("Whо won"), sameness("who won"), "a Cyrillic letter");
        assert_ne!(sameness("Who won"), sameness("Who lost"));
    }

    #[test]
    fn an_edit_may_say_anything_that_shows() {
        assert_eq!(judge_edit("write to me@example.org", &Writing::default()).outcome, Ok(Vec::new()));
        assert_eq!(judge_edit("a\u{202e}b", &Writing::default()).outcome, Err(WhyNot::Characters));
    }
}
