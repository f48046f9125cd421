// The turns that this page follows: hands each frame to its answer, drops what was seen, and tells the server what arrived.

const ACK_EVERY = 1_000;

export class Turns {
  #answers = new Map();
  #socket;
  #onEnd;
  #acks = new Set();

  constructor(socket, onEnd) {
    this.#socket = socket;
    this.#onEnd = onEnd;
    setInterval(() => this.#acknowledge(), ACK_EVERY);
  }

  add(answer) {
    this.#answers.set(answer.turn, answer);
  }

  // After every (re)connection: go on behind the last event that arrived. A server that cannot sends a snapshot.
  attachAll() {
    for (const answer of this.#answers.values()) {
      this.#socket.send({ type: 'attach', turn: answer.turn, after: answer.seq });
      this.#sendStop(answer);
    }
  }

  stop(answer) {
    answer.stopWanted = true;
    this.#sendStop(answer);
  }

  receive(frame) {
    const answer = this.#answers.get(frame.turn);
    if (!answer || answer.ended || isOld(frame, answer)) {
      return;
    }
    answer.seq = frame.seq;
    this.#acks.add(answer);
    answer[frame.type](frame);
    if (answer.ended) {
      this.#answers.delete(answer.turn);
      this.#acks.delete(answer);
      this.#onEnd(answer);
    }
  }

  #sendStop(answer) {
    if (answer.stopWanted) {
      this.#socket.send({ type: 'stop', turn: answer.turn });
    }
  }

  #acknowledge() {
    for (const { turn, seq } of this.#acks) {
      this.#socket.send({ type: 'ack', turn, seq });
    }
    this.#acks.clear();
  }
}

// A snapshot may repeat the event that it ends with; what ends a turn counts whatever its number.
function isOld({ type, seq }, answer) {
  if (type === 'done' || type === 'failed') {
    return false;
  }
  return type === 'snapshot' ? seq < answer.seq : seq <= answer.seq;
}
