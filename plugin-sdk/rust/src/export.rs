//! The macros that make a crate a plugin.

/// Exports a [`Channel`](crate::Channel), and the abilities that are named: `resolving` ([`Resolve`](crate::Resolve)),
/// `attachments` ([`Attachments`](crate::Attachments)), `checking` ([`Check`](crate::Check)).
///
/// Natively it only sees to it that the traits are there.
#[macro_export]
macro_rules! channel {
    ($plugin:ident $(, $ability:ident)* $(,)?) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        const _: () = {
            $crate::wit::channel::export_channel!($plugin with_types_in $crate::wit::channel);
            $($crate::__export_ability!($ability $plugin);)*
        };
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            const fn is_channel<T: $crate::Channel>() {}
            is_channel::<$plugin>();
            $($crate::__has_ability!($ability $plugin);)*
        };
    };
}

/// Exports a [`Bot`](crate::Bot), and the abilities that are named: `callbacks` ([`Callbacks`](crate::Callbacks)),
/// `checking` ([`Check`](crate::Check)).
///
/// Natively it only sees to it that the traits are there.
#[macro_export]
macro_rules! bot {
    ($plugin:ident $(, $ability:ident)* $(,)?) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        const _: () = {
            $crate::wit::bot::export_bot!($plugin with_types_in $crate::wit::bot);
            $($crate::__export_ability!($ability $plugin);)*
        };
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            const fn is_bot<T: $crate::Bot>() {}
            is_bot::<$plugin>();
            $($crate::__has_ability!($ability $plugin);)*
        };
    };
}

/// Packs the manifest (a path beside `Cargo.toml`) into the component, and names it `MANIFEST` for tests.
#[macro_export]
macro_rules! manifest {
    ($path:literal) => {
        /// The plugin's manifest.
        pub const MANIFEST: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path));

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        const _: () = {
            #[used]
            #[unsafe(link_section = "trunkline:manifest")]
            static SECTION: [u8; MANIFEST.len()] =
                *include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path));
        };
    };
}

/// Exports one ability.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_ability {
    (resolving $plugin:ident) => {
        $crate::wit::resolving::export_resolving!($plugin with_types_in $crate::wit::resolving);
    };
    (attachments $plugin:ident) => {
        $crate::wit::attachments::export_attachments!($plugin with_types_in $crate::wit::attachments);
    };
    (checking $plugin:ident) => {
        $crate::wit::checking::export_checking!($plugin with_types_in $crate::wit::checking);
    };
    (callbacks $plugin:ident) => {
        $crate::wit::callbacks::export_callbacks!($plugin with_types_in $crate::wit::callbacks);
    };
}

/// Sees to it that the trait of an ability is there.
#[doc(hidden)]
#[macro_export]
macro_rules! __has_ability {
    (resolving $plugin:ident) => {
        const fn resolves<T: $crate::Resolve>() {}
        resolves::<$plugin>();
    };
    (attachments $plugin:ident) => {
        const fn opens<T: $crate::Attachments>() {}
        opens::<$plugin>();
    };
    (checking $plugin:ident) => {
        const fn checks<T: $crate::Check>() {}
        checks::<$plugin>();
    };
    (callbacks $plugin:ident) => {
        const fn is_called_back<T: $crate::Callbacks>() {}
        is_called_back::<$plugin>();
    };
}
