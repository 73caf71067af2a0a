//! The form that Kare asks of an e-mail address.

/// True where the documented pattern matches:
/// `^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`
/// (`/User/v1/api-bo/update/update-a-ad-user`). Its look-aheads are two plain questions here.
pub fn is_address(text: &str) -> bool {
    if text.starts_with('.') || text.contains("..") {
        return false;
    }
    text.split_once('@').is_some_and(|(local, domain)| is_local(local) && is_domain(domain))
}

fn is_local(local: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte);
    let within = |byte: u8| plain(byte) || b"'.".contains(&byte);
    match local.as_bytes() {
        [before @ .., last] => before.iter().copied().all(within) && plain(*last),
        [] => false,
    }
}

fn is_domain(domain: &str) -> bool {
    let Some((labels, top)) = domain.rsplit_once('.') else { return false };
    let top_level = top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    top_level && labels.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    match label.as_bytes() {
        [first, rest @ ..] => {
            first.is_ascii_alphanumeric()
                && rest.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn what_the_pattern_takes_and_what_it_refuses() {
        for good in [
            "test@mail.com",
            "o'brien@x.fr",
            "A+b@c-d.co.uk",
            "a@b.fr",
            "a.b@b.fr",
            "_@b.fr",
            "-@b.fr",
            "'a@b.fr",
            "a@b-.fr",
            "a@1.2.fr",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            ".a@b.fr",
            "a..b@c.fr",
            "a.@b.fr",
            "a'@b.fr",
            "a%b@c.fr",
            "a@b",
            "a@-b.fr",
            "",
            "@",
            "@b.fr",
            "a@",
            "a@b.f",
            "a@b.f1",
            "a@b.",
            "a@.fr",
            "a@b..fr",
            "a@b@c.fr",
            "a b@c.fr",
            "a@b.fr\n",
            " a@b.fr",
            "jos\u{e9}@x.fr",
            "a@x.\u{440}\u{444}",
        ] {
            assert!(!is_address(bad), "{bad:?}");
        }
    }
}
