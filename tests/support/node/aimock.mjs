// aimock on a free port of loopback, told on standard output, until standard input closes: so it never
// outlives the tests that started it.
import { LLMock } from "@copilotkit/aimock";

const mock = new LLMock({ host: "127.0.0.1", port: 0, latency: 5, strict: true });
await mock.start();
console.log(mock.url);
process.stdin.on("end", () => process.exit(0)).resume();
