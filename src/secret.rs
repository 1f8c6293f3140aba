//! What must be neither shown nor kept: logins and queries of addresses, and the values of `--var`.

/// The address of a server without its login, its query and its parameters (`;token=…`), also where it is mistyped.
pub fn without_login(address: &str) -> String {
    let address = address.split(['?', '#', ';']).next().unwrap_or_default();
    let (scheme, rest) = address.split_once("://").map_or(("", address), |(scheme, rest)| (scheme, rest));
    let authority = rest.split('/').next().unwrap_or_default();
    let start = match authority.rfind('@') {
        Some(at) => at + 1,
        // Without a scheme, or with a `/` in the password, the login ends at the last `@`.
        None if scheme.is_empty() || authority.contains(':') => rest.rfind('@').map_or(0, |at| at + 1),
        None => 0,
    };
    if scheme.is_empty() { rest[start..].to_owned() } else { format!("{scheme}://{}", &rest[start..]) }
}

/// A command line as it may be kept: the names of `--var`, not their values, and addresses without their logins.
pub fn command(arguments: impl IntoIterator<Item = String>) -> String {
    let mut is_var = false;
    let shown = arguments.into_iter().map(|argument| {
        let is_value = std::mem::replace(&mut is_var, argument == "--var");
        match argument.split_once('=') {
            Some((name, _)) if is_value => format!("{name}=…"),
            Some(("--var", rest)) => format!("--var={}=…", rest.split('=').next().unwrap_or_default()),
            _ if argument.contains("://") => without_login(&argument),
            _ => argument,
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// The command line of this process.
pub fn own_command() -> String {
    command(std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()))
}
