//! The one table of error codes: the word on the wire, the HTTP status, the close code, whether to try again, what to do.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($name:ident = $word:literal, $status:literal, $close:literal, $retry:literal, $title:literal, $advice:literal;)*) => {
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
            /// What to do about it.
            pub const fn advice(self) -> &'static str { match self { $(Self::$name => $advice,)* } }
        }
    };
}

codes! {
//  name           word             status close  retry  title, and below it what to do
    BadMessage   = "bad_message",   400,   0,     false, "The message cannot be read",
        "The detail names what is wrong; docs/WIRE.md and /api/v1/openapi.json say how it should be.";
    BadToken     = "bad_token",     401,   4001,  false, "The token is missing, expired or not ours",
        "A viewer joins again without a token; staff opens a new one-time link; a screen takes its address anew.";
    Forbidden    = "forbidden",     403,   4003,  false, "This role may not do that",
        "Use the token of a role that may, or ask somebody who has it.";
    BadOrigin    = "bad_origin",    403,   4003,  false, "Pages of this site may not do that",
        "List the site in the show's origins, or in the node's; or open the page from this server.";
    NotFound     = "not_found",     404,   0,     false, "There is no such thing",
        "Look whether the address is written right: / shows the way to every page.";
    NoShow       = "no_show",       404,   4004,  false, "There is no such show",
        "Look whether the show's name is written right: / lists the shows of this node.";
    BadMethod    = "bad_method",    405,   0,     false, "The address does not take this method",
        "The header Allow names what it takes; the API is described at /api/v1/openapi.json.";
    Stale        = "stale",         409,   0,     false, "The show has moved on since",
        "Look at the show as it is now; if the command still makes sense, give it again with the new revision.";
    NotNow       = "not_now",       409,   0,     false, "Not possible in this state",
        "The detail says what has to be so first.";
    NotArmed     = "not_armed",     409,   0,     false, "Arm this action first",
        "Send arm, then the command within 5 s.";
    TooLarge     = "too_large",     413,   1009,  false, "The message is too large",
        "Send less: /limits says how large a message may be.";
    BadMedia     = "bad_media",     415,   0,     false, "This content type is not taken here",
        "The detail says which content type is taken.";
    BadShow      = "bad_show",      422,   0,     false, "The show file has a mistake",
        "The detail names the line, the column and what to write there.";
    NoControl    = "no_control",    423,   0,     false, "Somebody else has control",
        "Request control, or take it over; clear, panic and freeze need none.";
    TooSoon      = "too_soon",      425,   0,     true,  "A double press",
        "Nothing, if it was one press too many: the first one counts.";
    TooMany      = "too_many",      429,   1008,  true,  "Too many messages",
        "Send less often: /limits says how often.";
    Internal     = "internal",      500,   1011,  true,  "A fault on our side",
        "Try again. If it stays, look at the log of the node, and report it.";
    Busy         = "busy",          503,   1013,  true,  "Not now; try again",
        "Come back later; a ballot is offered again with the same id. The detail says what there is too much of.";
    Storage      = "storage",       503,   1013,  true,  "The node cannot write",
        "Come back later. Operators look at the disk and the log of the node: docs/OPERATING.md.";
    Draining     = "draining",      503,   1012,  true,  "The node is going away",
        "Connect again after a moment: another node takes it, or this one after its start.";
    JoinFirst    = "join_first",    401,   1008,  false, "The first message must be join, within 5 s",
        "Send join before anything else.";
    TooSlow      = "too_slow",      408,   1013,  true,  "The client is too slow",
        "Send a request in one go, and read what comes.";
    Replaced     = "replaced",      409,   4009,  false, "This device has too many newer sessions",
        "Close pages of this show on this device. Do not come back by itself.";
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
