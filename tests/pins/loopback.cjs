// Loaded before a server that listens on every address of the machine and has no option against it.
const { Server } = require("node:net");
const { listen } = Server.prototype;

Server.prototype.listen = function (port, host, ...rest) {
  return listen.call(this, port, "127.0.0.1", ...rest);
};
