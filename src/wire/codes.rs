//! The one table of error codes: the word on the wire, the HTTP status, the close code, whether to try again.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($name:ident = $word:literal, $status:literal, $close:literal, $retry:literal, $title:literal;)*) => {
        /// Why something was not done. The same word in problem+json, WebSocket problems, metrics and logs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum Code {
            $(#[doc = $title] #[serde(rename = $word)] #[schema(rename = $word)] $name,)*
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
            /// The word on the wire.
            pub const fn word(self) -> &'static str { match self { $(Self::$name => $word,)* } }
            /// The HTTP status.
            pub const fn status(self) -> u16 { match self { $(Self::$name => $status,)* } }
            /// The WebSocket close code, if the session ends over it; 0: it goes on.
            pub const fn close(self) -> u16 { match self { $(Self::$name => $close,)* } }
            /// Whether the same request may succeed later.
            pub const fn retry(self) -> bool { match self { $(Self::$name => $retry,)* } }
            /// One line for a person.
            pub const fn title(self) -> &'static str { match self { $(Self::$name => $title,)* } }
        }
    };
}

codes! {
//  name           word             status close  retry  title
    BadMessage   = "bad_message",   400,   0,     false, "The message cannot be read";
    BadToken     = "bad_token",     401,   4001,  false, "The token is missing, expired or not ours";
    Forbidden    = "forbidden",     403,   4003,  false, "This role may not do that";
    NotFound     = "not_found",     404,   0,     false, "There is no such thing";
    NoShow       = "no_show",       404,   4004,  false, "There is no such show";
    BadMethod    = "bad_method",    405,   0,     false, "The address does not take this method";
    Stale        = "stale",         409,   0,     false, "The show has moved on since";
    NotNow       = "not_now",       409,   0,     false, "Not possible in this state";
    NotArmed     = "not_armed",     409,   0,     false, "Arm this action first";
    TooLarge     = "too_large",     413,   1009,  false, "The message is too large";
    BadMedia     = "bad_media",     415,   0,     false, "This content type is not taken here";
    BadShow      = "bad_show",      422,   0,     false, "The show file has a mistake";
    NoControl    = "no_control",    423,   0,     false, "Somebody else has control";
    TooSoon      = "too_soon",      425,   0,     true,  "A double press";
    TooMany      = "too_many",      429,   1008,  true,  "Too many messages";
    Internal     = "internal",      500,   1011,  true,  "A fault on our side";
    Busy         = "busy",          503,   1013,  true,  "Not now; try again";
    Storage      = "storage",       503,   1013,  true,  "The node cannot write";
    Draining     = "draining",      503,   1012,  true,  "The node is going away";
    JoinFirst    = "join_first",    401,   1008,  false, "The first message must be join, within 5 s";
    TooSlow      = "too_slow",      408,   1013,  true,  "The client is too slow";
    Replaced     = "replaced",      409,   4009,  false, "This device has too many newer sessions";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_what_serde_writes() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.word()));
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{}\"", code.word()));
            assert!((400..600).contains(&code.status()));
        }
    }
}
