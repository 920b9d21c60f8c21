/// <reference types="vite/client" />
/// <reference types="vite-plugin-isr/next" />
