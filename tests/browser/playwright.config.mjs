import { defineConfig } from "@playwright/test";

// Debian's Chromium: Playwright's own is not downloaded. As root it has no sandbox of its own.
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.mjs",
  // One demo serves all tests, one after the other.
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  // Facts are waited for; these only bound a failing run.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  outputDir: process.env.BROWSER_OUTPUT ?? "../../target/browser",
  use: {
    viewport: { width: 1440, height: 1000 },
    colorScheme: "light",
    locale: "en-GB",
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: chromium,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
    },
  },
});
