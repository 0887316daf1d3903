//! What scripts answer, read one value after the other.

use std::str::FromStr;

use crate::{
    base::{clock::Micros, ids::ShowId},
    providers::redis::{RedisError, Value},
};

/// The values of a list, in order.
#[derive(Debug)]
pub(super) struct Reply(std::vec::IntoIter<Value>);

pub(super) fn strange() -> RedisError {
    RedisError::Refused("a script answered something that this release does not know".to_owned())
}

impl Reply {
    pub(super) fn of(value: Value) -> Result<Self, RedisError> {
        match value {
            Value::List(values) => Ok(Self(values.into_iter())),
            _ => Err(strange()),
        }
    }

    pub(super) fn next(&mut self) -> Result<Value, RedisError> {
        self.0.next().ok_or_else(strange)
    }

    pub(super) fn number(&mut self) -> Result<u64, RedisError> {
        match self.next()? {
            Value::Int(number) => u64::try_from(number).map_err(|_| strange()),
            _ => Err(strange()),
        }
    }

    pub(super) fn epoch(&mut self) -> Result<u32, RedisError> {
        u32::try_from(self.number()?).map_err(|_| strange())
    }

    pub(super) fn time(&mut self) -> Result<Micros, RedisError> {
        self.number().map(Micros)
    }

    pub(super) fn text(&mut self) -> Result<String, RedisError> {
        text(self.next()?)
    }

    pub(super) fn texts(&mut self) -> Result<Vec<String>, RedisError> {
        Self::of(self.next()?)?.0.map(text).collect()
    }

    /// Pairs of which what cannot be read is passed over.
    pub(super) fn pairs<T: FromStr>(&mut self) -> Result<Vec<(T, String)>, RedisError> {
        Ok(pairs(self.texts()?))
    }

    pub(super) fn ids<T: FromStr>(self) -> Result<Vec<T>, RedisError> {
        self.0.map(|value| text(value)?.parse().map_err(|_| strange())).collect()
    }

    pub(super) fn shows(&mut self) -> Result<Vec<ShowId>, RedisError> {
        Ok(self.texts()?.iter().filter_map(|show| show.parse().ok()).collect())
    }
}

pub(super) fn pairs<T: FromStr>(texts: Vec<String>) -> Vec<(T, String)> {
    let mut texts = texts.into_iter();
    let mut pairs = Vec::new();
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        if let Ok(name) = name.parse() {
            pairs.push((name, value));
        }
    }
    pairs
}

pub(super) fn text(value: Value) -> Result<String, RedisError> {
    match value {
        Value::Bytes(bytes) => String::from_utf8(bytes).map_err(|_| strange()),
        Value::Int(number) => Ok(number.to_string()),
        _ => Err(strange()),
    }
}
