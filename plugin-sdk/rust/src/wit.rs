//! The generated bindings, one module a world, and how our types become theirs. Hidden from plugins: the macros
//! [`crate::channel!`] and [`crate::bot!`] use it.
//!
//! Each optional ability is a world of its own, so that a component exports only what its plugin names. The worlds
//! share the imports generated for `channel` and `bot`; when the component is made, their types are merged.

mod bot_types;
mod channel_types;
mod exports;
mod types;

pub mod channel {
    //! World `channel`, with the imports all worlds share.
    wit_bindgen::generate!({
        path: "../wit",
        world: "channel",
        pub_export_macro: true,
        export_macro_name: "export_channel",
        runtime_path: "trunkline_plugin::wit::bindgen::rt",
        generate_all,
        generate_unused_types: true,
    });
}

/// A world that adds exports to `channel` and shares its imports.
macro_rules! ability {
    ($module:ident, $world:literal, $macro_name:literal, { $($with:tt)* }) => {
        pub mod $module {
            //! An optional ability.
            wit_bindgen::generate!({
                path: "../wit",
                world: $world,
                pub_export_macro: true,
                export_macro_name: $macro_name,
                runtime_path: "trunkline_plugin::wit::bindgen::rt",
                with: {
                    "trunkline:plugin/types@0.1.0-dev": trunkline_plugin::wit::channel::trunkline::plugin::types,
                    "trunkline:plugin/http@0.1.0-dev": trunkline_plugin::wit::channel::trunkline::plugin::http,
                    "trunkline:plugin/secrets@0.1.0-dev": trunkline_plugin::wit::channel::trunkline::plugin::secrets,
                    "trunkline:plugin/config@0.1.0-dev": trunkline_plugin::wit::channel::trunkline::plugin::config,
                    "trunkline:plugin/log@0.1.0-dev": trunkline_plugin::wit::channel::trunkline::plugin::log,
                    "trunkline:plugin/clock@0.1.0-dev": trunkline_plugin::wit::channel::trunkline::plugin::clock,
                    "trunkline:plugin/random@0.1.0-dev": trunkline_plugin::wit::channel::trunkline::plugin::random,
                    "trunkline:plugin/socket@0.1.0-dev": trunkline_plugin::wit::channel::trunkline::plugin::socket,
                    $($with)*
                },
            });
        }
    };
}

ability!(resolving, "channel-with-resolving", "export_resolving", {
    "trunkline:plugin/happenings@0.1.0-dev": trunkline_plugin::wit::channel::trunkline::plugin::happenings,
});
ability!(
    attachments,
    "channel-with-attachments",
    "export_attachments",
    {}
);
ability!(checking, "with-checking", "export_checking", {});
ability!(bot, "bot", "export_bot", {});
ability!(callbacks, "bot-with-callbacks", "export_callbacks", {});

pub use wit_bindgen as bindgen;
