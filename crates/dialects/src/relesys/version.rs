//! The versions of the API. All serve one and the same data and differ in what they know of it.

/// A later version is the greater one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    V1,
    V1_1,
    V1_2,
    V1_3,
    V1_4,
}

impl Version {
    pub const ALL: [Self; 5] = [Self::V1, Self::V1_1, Self::V1_2, Self::V1_3, Self::V1_4];

    /// The first that knows images, member cards, employment types and the like.
    pub const EXTENDED: Self = Self::V1_1;

    /// The first in which a custom field has a value of its own kind. Before, all of them are texts.
    pub const TYPED: Self = Self::V1_4;

    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V1_1 => "v1.1",
            Self::V1_2 => "v1.2",
            Self::V1_3 => "v1.3",
            Self::V1_4 => "v1.4",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str().eq_ignore_ascii_case(text))
    }
}
