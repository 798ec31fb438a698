//! What a container takes over from its image where the user said nothing.

use std::collections::BTreeMap;

use api::container::{ContainerConfig, Healthcheck};

/// Fills `user` with what the image's configuration says.
///
/// The rules are the original's: the user's environment comes first and hides equal names; an entrypoint of the user
/// takes the image's command away as well, and an entrypoint of one empty string takes the image's entrypoint away.
pub fn with_image(mut user: ContainerConfig, image: &ContainerConfig) -> ContainerConfig {
    if user.user.is_empty() {
        user.user.clone_from(&image.user);
    }
    if user.working_dir.is_empty() {
        user.working_dir.clone_from(&image.working_dir);
    }
    if user.stop_signal.is_empty() {
        user.stop_signal.clone_from(&image.stop_signal);
    }
    user.stop_timeout = user.stop_timeout.or(image.stop_timeout);
    user.shell = user.shell.take().filter(|shell| !shell.is_empty()).or_else(|| image.shell.clone());
    user.exposed_ports = union(user.exposed_ports.take(), image.exposed_ports.as_ref());
    user.volumes = union(user.volumes.take().filter(|paths| !paths.is_empty()), image.volumes.as_ref());
    user.labels = union(user.labels.take(), image.labels.as_ref());
    merge_env(&mut user, image);
    merge_command(&mut user, image);
    user.healthcheck = merge_health(user.healthcheck.take(), image.healthcheck.as_ref());
    user
}

/// The user's entries win; absent stays absent where neither has any.
fn union<V: Clone>(
    user: Option<BTreeMap<String, V>>,
    image: Option<&BTreeMap<String, V>>,
) -> Option<BTreeMap<String, V>> {
    let Some(image) = image else { return user };
    let mut all = image.clone();
    all.extend(user.unwrap_or_default());
    Some(all)
}

fn merge_env(user: &mut ContainerConfig, image: &ContainerConfig) {
    let Some(inherited) = image.env.as_ref().filter(|list| !list.is_empty()) else { return };
    let own = user.env.get_or_insert_default();
    let given: Vec<String> = own.iter().map(|entry| env_name(entry).to_owned()).collect();
    own.extend(inherited.iter().filter(|entry| !given.iter().any(|name| name == env_name(entry))).cloned());
}

fn env_name(entry: &str) -> &str {
    entry.split_once('=').map_or(entry, |(name, _)| name)
}

fn merge_command(user: &mut ContainerConfig, image: &ContainerConfig) {
    if user.entrypoint.as_ref().is_none_or(|entrypoint| entrypoint.is_empty()) {
        if user.cmd.as_ref().is_none_or(|command| command.is_empty()) {
            user.cmd.clone_from(&image.cmd);
            user.args_escaped = image.args_escaped;
        }
        if user.entrypoint.is_none() {
            user.entrypoint.clone_from(&image.entrypoint);
        }
    }
    if user.entrypoint.as_ref().is_some_and(|entrypoint| entrypoint.0 == [""]) {
        user.entrypoint = None;
    }
}

fn merge_health(user: Option<Healthcheck>, image: Option<&Healthcheck>) -> Option<Healthcheck> {
    let Some(image) = image else { return user };
    let Some(mut user) = user else { return Some(image.clone()) };
    if user.test.is_empty() {
        user.test.clone_from(&image.test);
    }
    for (own, inherited) in [
        (&mut user.interval, image.interval),
        (&mut user.timeout, image.timeout),
        (&mut user.start_period, image.start_period),
        (&mut user.start_interval, image.start_interval),
        (&mut user.retries, image.retries),
    ] {
        if *own == 0 {
            *own = inherited;
        }
    }
    Some(user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::container::StringOrList;

    fn list(items: &[&str]) -> Option<StringOrList> {
        Some(StringOrList(items.iter().map(|&item| item.to_owned()).collect()))
    }

    fn image() -> ContainerConfig {
        ContainerConfig {
            cmd: list(&["serve"]),
            entrypoint: list(&["/entry"]),
            env: Some(vec!["PATH=/bin".into(), "A=image".into()]),
            working_dir: "/srv".into(),
            ..ContainerConfig::default()
        }
    }

    #[test]
    fn nothing_said_takes_all() {
        let merged = with_image(ContainerConfig::default(), &image());
        assert_eq!((merged.cmd, merged.entrypoint), (list(&["serve"]), list(&["/entry"])));
        assert_eq!(merged.working_dir, "/srv");
        assert_eq!(merged.labels, None);
        let nothing = with_image(ContainerConfig::default(), &ContainerConfig::default());
        assert_eq!(nothing.env, None, "where neither has any");
    }

    #[test]
    fn a_command_replaces_the_command_and_an_entrypoint_both() {
        let command = with_image(ContainerConfig { cmd: list(&["x"]), ..Default::default() }, &image());
        assert_eq!((command.cmd, command.entrypoint), (list(&["x"]), list(&["/entry"])));
        let entrypoint = with_image(ContainerConfig { entrypoint: list(&["sh"]), ..Default::default() }, &image());
        assert_eq!((entrypoint.cmd, entrypoint.entrypoint), (None, list(&["sh"])));
        let none =
            with_image(ContainerConfig { entrypoint: list(&[""]), cmd: list(&["ls"]), ..Default::default() }, &image());
        assert_eq!((none.cmd, none.entrypoint), (list(&["ls"]), None));
    }

    #[test]
    fn the_user_s_environment_comes_first_and_hides() {
        let user = ContainerConfig { env: Some(vec!["A=user".into(), "B=1".into()]), ..Default::default() };
        assert_eq!(with_image(user, &image()).env.unwrap(), ["A=user", "B=1", "PATH=/bin"]);
    }
}
