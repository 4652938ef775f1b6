// What stands where in the gateway's database. Nodes are keyed by their address as a number; payloads are kept as they are.
// `check` is the CRC-32 of a row's own bytes: what the disk has altered is known and left out.

/** Raised whenever the tables change; a file of another version is not touched. */
export const version = 2;

export const tables = `
CREATE TABLE IF NOT EXISTS node (
  address INTEGER PRIMARY KEY,
  next_id INTEGER NOT NULL,
  record TEXT NOT NULL,
  "check" INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS queue (
  address INTEGER NOT NULL,
  id INTEGER NOT NULL,
  queued_at INTEGER NOT NULL,
  expires_at INTEGER,
  flags INTEGER NOT NULL,
  handle TEXT,
  topic TEXT NOT NULL,
  payload BLOB NOT NULL,
  "check" INTEGER NOT NULL,
  PRIMARY KEY (address, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uplink (
  sequence INTEGER PRIMARY KEY,
  flags INTEGER NOT NULL,
  topic TEXT NOT NULL,
  payload BLOB NOT NULL,
  "check" INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS topic (topic INTEGER PRIMARY KEY, message INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL, "check" INTEGER NOT NULL) WITHOUT ROWID;
`;

/** The statements that changes are made with. */
export const statements = {
  putNode: `INSERT INTO node (address, next_id, record, "check") VALUES (?, 0, ?, ?)
    ON CONFLICT (address) DO UPDATE SET record = excluded.record, "check" = excluded."check"`,
  setNext: "UPDATE node SET next_id = ? WHERE address = ?",
  enqueue: `INSERT OR REPLACE INTO queue
    (address, id, queued_at, expires_at, flags, handle, topic, payload, "check") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  dequeue: "DELETE FROM queue WHERE address = ? AND id = ?",
  summarizeQueues: `SELECT address, id, expires_at, flags, length(payload) + length(CAST(topic AS BLOB)) AS size,
    CASE WHEN flags & 2 THEN topic END AS topic FROM queue ORDER BY address, id`,
  readMessage: "SELECT * FROM queue WHERE address = ? AND id = ?",
  putUplink: `INSERT OR REPLACE INTO uplink (sequence, flags, topic, payload, "check") VALUES (?, ?, ?, ?, ?)`,
  endUplink: "DELETE FROM uplink WHERE sequence = ?",
  putTopic: "INSERT OR REPLACE INTO topic (topic, message) VALUES (?, ?)",
  removeNode: "DELETE FROM node WHERE address = ?",
  removeQueue: "DELETE FROM queue WHERE address = ?",
  putSetting: `INSERT OR REPLACE INTO setting (name, value, "check") VALUES (?, ?, ?)`,
  forgetSetting: "DELETE FROM setting WHERE name = ?",
  forgetTopic: "DELETE FROM topic WHERE topic = ?",
} as const;
