// The envelope a second time, written from its description: reads vectors from standard input, prints "ok" for each.
import { createCipheriv, createDecipheriv, pbkdf2Sync } from "node:crypto";
import { readFileSync } from "node:fs";
import { deepStrictEqual, strictEqual } from "node:assert";

const ITERATIONS = 100_000;
const hex = (text) => Buffer.from(text, "hex");
const derive = (key, salt, length) => pbkdf2Sync(key, salt, ITERATIONS, length, "sha256");

function associatedData(parts) {
  return Buffer.concat(
    parts.flatMap((part) => {
      const text = Buffer.from(part, "utf8");
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      return [length, text];
    }),
  );
}

function seal({ key, salt, iv, text, context, kid }) {
  const cipher = createCipheriv("aes-256-gcm", derive(hex(key), hex(salt), 32), hex(iv));
  cipher.setAAD(associatedData(["v1", kid, ...context]));
  const ciphertext = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  const body = Buffer.concat([hex(salt), hex(iv), cipher.getAuthTag(), ciphertext]);
  return `v1.${kid}.${body.toString("base64url")}`;
}

function open({ key, sealed, context }) {
  const [version, kid, body] = sealed.split(".");
  const raw = Buffer.from(body, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", derive(hex(key), raw.subarray(0, 32), 32), raw.subarray(32, 48));
  decipher.setAAD(associatedData([version, kid, ...context]));
  decipher.setAuthTag(raw.subarray(48, 64));
  return Buffer.concat([decipher.update(raw.subarray(64)), decipher.final()]).toString("utf8");
}

for (const vector of JSON.parse(readFileSync(0, "utf8"))) {
  strictEqual(derive(hex(vector.key), Buffer.from("dmr/kid/v1"), 4).toString("hex"), vector.kid, vector.name);
  deepStrictEqual(seal(vector), vector.sealed, vector.name);
  strictEqual(open(vector), vector.text, vector.name);
  console.log("ok");
}
