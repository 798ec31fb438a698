//! All routes of the Engine API. What is not there yet is listed all the same, and answers 501.

use api::version::ApiVersion;
use http::Method;

use super::{Action, Route, container, exec, image, network, plugin, swarm, system, volume};

routes! {
    // system
    GET "/_ping" since 24 => system::ping;
    HEAD "/_ping" since 24 => system::ping_head;
    POST "/auth" since 24 => "checking credentials";
    GET "/events" since 24 => system::events;
    GET "/info" since 24 => system::info;
    GET "/system/df" since 24 => system::df;
    GET "/version" since 24 => system::version;

    // container
    POST "/containers/create" since 24 => container::create;
    GET "/containers/json" since 24 => container::list;
    POST "/containers/prune" since 24 => container::prune;
    GET "/containers/{id:.*}/archive" since 24 => container::archive;
    HEAD "/containers/{id:.*}/archive" since 24 => container::path_stat;
    PUT "/containers/{id:.*}/archive" since 24 => container::extract;
    POST "/containers/{id:.*}/attach" since 24 => container::attach;
    GET "/containers/{id:.*}/attach/ws" since 24 => container::attach_ws;
    GET "/containers/{id:.*}/changes" since 24 => container::changes;
    GET "/containers/{id:.*}/export" since 24 => container::export;
    GET "/containers/{id:.*}/json" since 24 => container::inspect;
    POST "/containers/{id:.*}/kill" since 24 => container::kill;
    GET "/containers/{id:.*}/logs" since 24 => container::logs;
    POST "/containers/{id:.*}/pause" since 24 => container::pause;
    POST "/containers/{id:.*}/rename" since 24 => container::rename;
    POST "/containers/{id:.*}/resize" since 24 => container::resize;
    POST "/containers/{id:.*}/restart" since 24 => container::restart;
    POST "/containers/{id:.*}/start" since 24 => container::start;
    GET "/containers/{id:.*}/stats" since 24 => container::stats;
    POST "/containers/{id:.*}/stop" since 24 => container::stop;
    GET "/containers/{id:.*}/top" since 24 => container::top;
    POST "/containers/{id:.*}/unpause" since 24 => container::unpause;
    POST "/containers/{id:.*}/update" since 24 => container::update;
    POST "/containers/{id:.*}/wait" since 24 => container::wait;
    DELETE "/containers/{id:.*}" since 24 => container::remove;

    // exec
    POST "/containers/{id:.*}/exec" since 24 => exec::create;
    GET "/exec/{id}/json" since 24 => exec::inspect;
    POST "/exec/{id}/resize" since 24 => exec::resize;
    POST "/exec/{id}/start" since 24 => exec::start;

    // image
    POST "/build" since 24 => "building images";
    POST "/build/cancel" since 24 => "cancelling a build";
    POST "/build/prune" since 31 => image::prune_builds;
    POST "/commit" since 24 => image::commit;
    POST "/images/create" since 24 => image::create;
    GET "/images/get" since 24 => image::save;
    GET "/images/json" since 24 => image::list;
    POST "/images/load" since 24 => image::load;
    POST "/images/prune" since 24 => image::prune;
    GET "/images/search" since 24 => "searching images";
    GET "/images/{name:.*}/get" since 24 => image::save;
    GET "/images/{name:.*}/history" since 24 => image::history;
    GET "/images/{name:.*}/json" since 24 => image::inspect;
    POST "/images/{name:.*}/push" since 24 => "pushing an image";
    POST "/images/{name:.*}/tag" since 24 => image::tag;
    DELETE "/images/{name:.*}" since 24 => image::remove;

    // network
    GET "/networks" since 24 => network::list;
    POST "/networks/create" since 24 => "creating a network";
    POST "/networks/prune" since 24 => network::prune;
    POST "/networks/{id}/connect" since 24 => "connecting a network";
    POST "/networks/{id}/disconnect" since 24 => "disconnecting a network";
    DELETE "/networks/{id}" since 24 => network::remove;
    GET "/networks/{id}" since 24 => network::inspect;

    // volume
    GET "/volumes" since 24 => volume::list;
    POST "/volumes/create" since 24 => "creating a volume";
    POST "/volumes/prune" since 24 => volume::prune;
    DELETE "/volumes/{name:.*}" since 24 => volume::remove;
    GET "/volumes/{name:.*}" since 24 => volume::inspect;
    PUT "/volumes/{name:.*}" since 42 => "updating a volume";

    // distribution
    GET "/distribution/{name:.*}/json" since 30 => "inspecting an image in a registry";

    // session
    POST "/grpc" since 31 => "BuildKit";
    POST "/session" since 31 => "a build session";

    // swarm
    GET "/swarm" since 24 => swarm::not_a_manager;
    POST "/swarm/init" since 24 => "initialising a swarm";
    POST "/swarm/join" since 24 => "joining a swarm";
    POST "/swarm/leave" since 24 => swarm::not_a_member;
    POST "/swarm/unlock" since 24 => swarm::not_a_member;
    GET "/swarm/unlockkey" since 24 => swarm::not_a_manager;
    POST "/swarm/update" since 24 => swarm::not_a_manager;

    // node
    GET "/nodes" since 24 => swarm::not_a_manager;
    POST "/nodes/{id}/update" since 24 => swarm::not_a_manager;
    DELETE "/nodes/{id}" since 24 => swarm::not_a_manager;
    GET "/nodes/{id}" since 24 => swarm::not_a_manager;

    // service
    GET "/services" since 24 => swarm::not_a_manager;
    POST "/services/create" since 24 => swarm::not_a_manager;
    GET "/services/{id}/logs" since 24 => swarm::not_a_manager;
    POST "/services/{id}/update" since 24 => swarm::not_a_manager;
    DELETE "/services/{id}" since 24 => swarm::not_a_manager;
    GET "/services/{id}" since 24 => swarm::not_a_manager;

    // task
    GET "/tasks" since 24 => swarm::not_a_manager;
    GET "/tasks/{id}/logs" since 29 => swarm::not_a_manager;
    GET "/tasks/{id}" since 24 => swarm::not_a_manager;

    // secret
    GET "/secrets" since 24 => swarm::not_a_manager;
    POST "/secrets/create" since 24 => swarm::not_a_manager;
    POST "/secrets/{id}/update" since 26 => swarm::not_a_manager;
    DELETE "/secrets/{id}" since 24 => swarm::not_a_manager;
    GET "/secrets/{id}" since 24 => swarm::not_a_manager;

    // config
    GET "/configs" since 30 => swarm::not_a_manager;
    POST "/configs/create" since 30 => swarm::not_a_manager;
    POST "/configs/{id}/update" since 30 => swarm::not_a_manager;
    DELETE "/configs/{id}" since 30 => swarm::not_a_manager;
    GET "/configs/{id}" since 30 => swarm::not_a_manager;

    // plugin
    GET "/plugins" since 24 => plugin::list;
    POST "/plugins/create" since 24 => "creating a plugin";
    GET "/plugins/privileges" since 24 => "telling the privileges of a plugin";
    POST "/plugins/pull" since 24 => "pulling a plugin";
    POST "/plugins/{name:.*}/disable" since 24 => "disabling a plugin";
    POST "/plugins/{name:.*}/enable" since 24 => "enabling a plugin";
    GET "/plugins/{name:.*}/json" since 24 => plugin::inspect;
    POST "/plugins/{name:.*}/push" since 24 => "pushing a plugin";
    POST "/plugins/{name:.*}/set" since 24 => "configuring a plugin";
    POST "/plugins/{name:.*}/upgrade" since 26 => "upgrading a plugin";
    DELETE "/plugins/{name:.*}" since 24 => plugin::inspect;
}
