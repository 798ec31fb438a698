//! `--change` of imports and commits: instructions of a Dockerfile that alter an image's configuration.

use fault::{Fault, Result};
use oci::image::ContainerConfig;

/// The configuration that the instructions make of another.
pub fn apply(mut config: ContainerConfig, changes: &[String]) -> Result<ContainerConfig> {
    // Each line is one, as in a Dockerfile.
    let lines = changes.iter().flat_map(|change| change.lines());
    for change in lines.map(str::trim).filter(|change| !change.is_empty()) {
        let (name, rest) = change.split_once(char::is_whitespace).unwrap_or((change, ""));
        apply_one(&mut config, &name.to_ascii_uppercase(), rest.trim())?;
    }
    Ok(config)
}

fn apply_one(config: &mut ContainerConfig, name: &str, rest: &str) -> Result<()> {
    if rest.is_empty() {
        return Err(Fault::invalid(format!("{name} requires at least one argument")));
    }
    match name {
        "CMD" => config.cmd = Some(command(rest)),
        "ENTRYPOINT" => config.entrypoint = Some(command(rest)),
        "USER" => config.user = rest.to_owned(),
        "WORKDIR" if rest.starts_with('/') => config.working_dir = rest.to_owned(),
        "WORKDIR" => config.working_dir = format!("{}/{rest}", config.working_dir.trim_end_matches('/')),
        "STOPSIGNAL" => config.stop_signal = rest.to_owned(),
        "ONBUILD" => config.on_build.get_or_insert_default().push(rest.to_owned()),
        "EXPOSE" => config.exposed_ports.get_or_insert_default().extend(rest.split_whitespace().map(port)),
        "VOLUME" => config.volumes.get_or_insert_default().extend(list(rest).unwrap_or_else(|| words(rest))),
        "ENV" => {
            let env = config.env.get_or_insert_default();
            for (name, value) in pairs(rest)? {
                env.retain(|entry| entry.split_once('=').is_none_or(|(have, _)| have != name));
                env.push(format!("{name}={value}"));
            }
        }
        "LABEL" => config.labels.get_or_insert_default().extend(pairs(rest)?),
        other => return Err(Fault::invalid(format!("{other} is not a valid change command"))),
    }
    Ok(())
}

/// The list form is JSON; anything else is for the shell.
fn command(text: &str) -> Vec<String> {
    list(text).unwrap_or_else(|| vec!["/bin/sh".into(), "-c".into(), text.to_owned()])
}

fn list(text: &str) -> Option<Vec<String>> {
    serde_json::from_str(text).ok()
}

fn port(text: &str) -> String {
    if text.contains('/') { text.to_owned() } else { format!("{text}/tcp") }
}

/// `name=value …`, or the old form `name value` with one name.
fn pairs(text: &str) -> Result<Vec<(String, String)>> {
    let words = words(text);
    let is_old_form = words.first().is_some_and(|first| !first.contains('='));
    if let Some((name, value)) = text.split_once(char::is_whitespace).filter(|_| is_old_form) {
        return Ok(vec![(name.to_owned(), value.trim().to_owned())]);
    }
    let pair = |word: &String| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    words
        .iter()
        .map(|word| {
            pair(word)
                .ok_or_else(|| Fault::invalid(format!("can't find = in {word:?}. Must be of the form: name=value")))
        })
        .collect()
}

/// Words as a shell separates them: blanks, both kinds of quotes, and the backslash.
fn words(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => word.extend(letters.next()),
            (letter, Some(open)) if letter == open => quote = None,
            ('"' | '\'', None) => quote = Some(letter),
            (letter, None) if letter.is_whitespace() => {
                if !word.is_empty() {
                    all.push(std::mem::take(&mut word));
                }
            }
            (letter, _) => word.push(letter),
        }
    }
    if !word.is_empty() {
        all.push(word);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(changes: &[&str]) -> Result<ContainerConfig> {
        apply(ContainerConfig::default(), &changes.iter().map(|&change| change.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn instructions_alter_the_configuration() {
        let config = with(&[
            "CMD [\"ls\", \"-l\"]",
            "entrypoint run it",
            "ENV A=1 B='two words'",
            "ENV A other value",
            "EXPOSE 80 53/udp",
            "WORKDIR /a",
            "WORKDIR b",
            "LABEL \"x y\"=z\nUSER me\n\nSTOPSIGNAL 9",
        ])
        .unwrap();
        assert_eq!(config.cmd.unwrap(), ["ls", "-l"]);
        assert_eq!(config.entrypoint.unwrap(), ["/bin/sh", "-c", "run it"]);
        assert_eq!(config.env.unwrap(), ["B=two words", "A=other value"]);
        assert_eq!(config.exposed_ports.unwrap().into_iter().collect::<Vec<_>>(), ["53/udp", "80/tcp"]);
        assert_eq!(config.working_dir, "/a/b");
        assert_eq!(config.labels.unwrap()["x y"], "z");
        assert_eq!((config.user.as_str(), config.stop_signal.as_str()), ("me", "9"), "of the next lines");
    }

    #[test]
    fn what_makes_files_is_refused() {
        for bad in ["RUN ls", "COPY a b", "CMD", "nonsense x", "LABEL a=b c", "USER me\nRUN ls"] {
            assert!(with(&[bad]).is_err(), "{bad}");
        }
    }
}
