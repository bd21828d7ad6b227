// Asks a policy engine: on stdin the simulations, as JSON in which policies are named and listed but
// once; on stdout a JSON list of answers.
// Each answer is "Allowed", "ExplicitlyDenied" or "ImplicitlyDenied", or what was wrong to ask.
import { runSimulation } from "@cloud-copilot/iam-simulate";

// The engine compares letters in any case by millions, and each time V8 looks for a collator.
const collator = new Intl.Collator(undefined, { sensitivity: "accent" });
const compare = String.prototype.localeCompare;
String.prototype.localeCompare = function (other, locales, options) {
  if (locales !== undefined || options?.sensitivity !== "accent") {
    return compare.call(this, other, locales, options);
  }
  return this.valueOf() === other ? 0 : collator.compare(this, other);
};

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const answers = [];
const { documents, asked } = JSON.parse(Buffer.concat(chunks).toString());
for (const { request, ...named } of asked) {
  const simulation = { request };
  for (const [member, name] of Object.entries(named)) simulation[member] = documents[name];
  const result = await runSimulation(simulation, {});
  answers.push(
    result.resultType === "error"
      ? `error: ${JSON.stringify(result.errors)}`
      : result.overallResult ?? result.result?.evaluationResult ?? JSON.stringify(result),
  );
}
process.stdout.write(JSON.stringify(answers));
