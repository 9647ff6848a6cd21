// Asks a database through Neon's own driver, by the WebSocket proxy that PROXY names, and prints what it says.
import { Client, neonConfig } from "@neondatabase/serverless";

neonConfig.wsProxy = () => process.env.PROXY;

const client = new Client(process.env.DATABASE_URL);
await client.connect();
const { rows } = await client.query("SELECT $1::int + 1 AS sum, repeat('x', 200000) AS long", [41]);
await client.end();
console.log(JSON.stringify({ sum: rows[0].sum, long: rows[0].long.length }));
