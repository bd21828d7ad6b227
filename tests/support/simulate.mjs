// Asks a policy engine: a JSON list of simulations on stdin, a JSON list of answers on stdout.
// Each answer is "Allowed", "ExplicitlyDenied" or "ImplicitlyDenied", or what was wrong to ask.
import { runSimulation } from "@cloud-copilot/iam-simulate";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const answers = [];
for (const simulation of JSON.parse(Buffer.concat(chunks).toString())) {
  const result = await runSimulation(simulation, {});
  answers.push(
    result.resultType === "error"
      ? `error: ${JSON.stringify(result.errors)}`
      : result.overallResult ?? result.result?.evaluationResult ?? JSON.stringify(result),
  );
}
process.stdout.write(JSON.stringify(answers));
