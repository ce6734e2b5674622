package io.surprisal.service.system;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A network between clients and a broker, which can be slow, and be cut. Its threads end with
 * {@link #close}.
 */
final class TcpProxy implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TcpProxy.class);

  private final ServerSocket server;
  private final int target;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger refused = new AtomicInteger();
  private volatile boolean cut;
  private volatile int delayMillis;

  /**
   * @param target port on this machine
   */
  TcpProxy(int target) throws IOException {
    this.target = target;
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start("proxy", this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  /** From now on whatever is sent, either way, comes so much later. */
  void delay(int millis) {
    delayMillis = millis;
  }

  /** Ends all connections and takes no other until {@link #heal}. */
  void cut() {
    refused.set(0);
    cut = true;
    open.forEach(TcpProxy::end);
  }

  /** Connections that were tried since it was cut. */
  int refused() {
    return refused.get();
  }

  void heal() {
    cut = false;
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        if (cut) {
          refused.incrementAndGet();
          end(client);
          continue;
        }
        Socket broker = new Socket(InetAddress.getLoopbackAddress(), target);
        client.setTcpNoDelay(true);
        broker.setTcpNoDelay(true);
        open.add(client);
        open.add(broker);
        start("proxy-up", () -> pump(client, broker));
        start("proxy-down", () -> pump(broker, client));
      } catch (IOException e) {
        LOG.debug("Closed, or the broker is not there: the client sees an end", e);
      }
    }
  }

  private void pump(Socket from, Socket to) {
    byte[] buffer = new byte[1 << 16];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        TimeUnit.MILLISECONDS.sleep(delayMillis);
        out.write(buffer, 0, count);
      }
    } catch (IOException e) {
      LOG.debug("Cut, or one of both has gone", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(from);
      open.remove(to);
    }
  }

  private static void start(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  private static void end(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new IllegalStateException("a socket cannot be closed", e);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    open.forEach(TcpProxy::end);
  }
}
