/**
 * Keeps the bytes of files until the host has them, also over a reload where IndexedDB can be had. Without it they live
 * as long as the page.
 */

const DATABASE = "trunkline-chat";
const TABLE = "files";

export class Bytes {
  private readonly here = new Map<string, Blob>();
  private readonly database: Promise<IDBDatabase | undefined>;

  constructor() {
    this.database = open().catch(() => undefined);
  }

  async put(id: string, blob: Blob): Promise<void> {
    this.here.set(id, blob);
    await this.ask("readwrite", (table) => table.put(blob, id));
  }

  async get(id: string): Promise<Blob | undefined> {
    const found: unknown = this.here.get(id) ?? (await this.ask("readonly", (table) => table.get(id)));
    return found instanceof Blob ? found : undefined;
  }

  async remove(id: string): Promise<void> {
    this.here.delete(id);
    await this.ask("readwrite", (table) => table.delete(id));
  }

  private async ask(mode: IDBTransactionMode, what: (table: IDBObjectStore) => IDBRequest): Promise<unknown> {
    try {
      const database = await this.database;
      return database && (await settled(what(database.transaction(TABLE, mode).objectStore(TABLE))));
    } catch {
      return undefined;
    }
  }
}

async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
  });
}
