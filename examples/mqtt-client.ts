import { connect } from "moteq/mqtt";

const client = connect(process.env["BROKER"] ?? "mqtt://127.0.0.1:1883", {
  onStatus: (status) => {
    console.log(status.type);
    // Why there is no connection; the client tries again.
    if (status.type === "disconnected") console.log(status.error?.message);
  },
});

// Settles when the broker has it, whatever happens to the connection meanwhile.
await client.publish("home/kitchen/temperature", "21.5", { qos: 1, retain: true });

// Messages come one at a time; the broker hears that one was taken when the loop asks for the next.
const temperatures = await client.subscribe("home/+/temperature", { qos: 1 });
for await (const { topic, payload } of temperatures) {
  console.log(topic, new TextDecoder().decode(payload));
  break;
}

await client.close();
