// Builds `dist/trunkline-chat.js`, one ES module for browsers; with `--tests` the tests to `build/`, for Node.
import { build } from "esbuild";
import { readdirSync } from "node:fs";

const shared = { bundle: true, format: "esm", target: "es2022", logLevel: "warning" };

if (process.argv.includes("--tests")) {
  const names = readdirSync("test", { recursive: true }).filter((name) => name.endsWith(".ts"));
  await build({
    ...shared,
    entryPoints: names.map((name) => `test/${name}`),
    outdir: "build",
    platform: "node",
    packages: "external",
    sourcemap: "inline",
  });
} else {
  await build({
    ...shared,
    entryPoints: ["src/trunkline-chat.ts"],
    outfile: "dist/trunkline-chat.js",
    minify: true,
    legalComments: "none",
  });
}
