import { createServer } from "node:net";
import { AppError } from "@repo2singularity/base";

/**
 * Finds a port that nothing listens on right now; the kernel chooses it.
 * @param address that the server will listen on, such as `127.0.0.1` or the name of this machine
 * @throws E_SESSION_FAILED when this machine has no such address
 */
export function findFreePort(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (cause) => {
      reject(new AppError("E_SESSION_FAILED", `no port can be had on ${address}: ${cause.message}`, { cause }));
    });
    server.listen(0, address, () => {
      const place = server.address();
      server.close(() => {
        if (place !== null && typeof place === "object") resolve(place.port);
        else reject(new AppError("E_SESSION_FAILED", `no port can be had on ${address}`));
      });
    });
  });
}
