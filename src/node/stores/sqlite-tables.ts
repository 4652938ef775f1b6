// What stands where in the gateway's database. Nodes are keyed by their address as a number; payloads are kept as they are.
// `check` is the CRC-32 of a row's own bytes: what the disk has altered is known and left out.

/** Raised whenever the tables change; a file of a later version is not touched. */
export const version = 1;

export const tables = `
CREATE TABLE IF NOT EXISTS node (
  address INTEGER PRIMARY KEY,
  next_sequence INTEGER NOT NULL,
  record TEXT NOT NULL,
  "check" INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS queue (
  address INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  queued_at INTEGER NOT NULL,
  retained INTEGER NOT NULL,
  topic TEXT NOT NULL,
  payload BLOB NOT NULL,
  "check" INTEGER NOT NULL,
  PRIMARY KEY (address, sequence)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uplink (
  sequence INTEGER PRIMARY KEY,
  flags INTEGER NOT NULL,
  topic TEXT NOT NULL,
  payload BLOB NOT NULL,
  "check" INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS topic (topic INTEGER PRIMARY KEY, message INTEGER NOT NULL);
`;

/** The statements that changes are made with. */
export const statements = {
  putNode: `INSERT INTO node (address, next_sequence, record, "check") VALUES (?, 0, ?, ?)
    ON CONFLICT (address) DO UPDATE SET record = excluded.record, "check" = excluded."check"`,
  setNext: "UPDATE node SET next_sequence = ? WHERE address = ?",
  enqueue: `INSERT OR REPLACE INTO queue
    (address, sequence, queued_at, retained, topic, payload, "check") VALUES (?, ?, ?, ?, ?, ?, ?)`,
  dequeue: "DELETE FROM queue WHERE address = ? AND sequence = ?",
  readQueue: "SELECT * FROM queue WHERE address = ? ORDER BY sequence LIMIT ?",
  putUplink: `INSERT OR REPLACE INTO uplink (sequence, flags, topic, payload, "check") VALUES (?, ?, ?, ?, ?)`,
  endUplink: "DELETE FROM uplink WHERE sequence = ?",
  putTopic: "INSERT OR REPLACE INTO topic (topic, message) VALUES (?, ?)",
  forgetTopic: "DELETE FROM topic WHERE topic = ?",
} as const;
