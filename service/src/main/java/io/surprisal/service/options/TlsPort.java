package io.surprisal.service.options;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/**
 * Tells whether a port speaks TLS. A client that does not is never answered there: the broker
 * closes the connection, and the client tries again for as long as it may.
 */
final class TlsPort {
  private static final int PATIENCE_MILLIS = 5_000;

  private TlsPort() {}

  /** Whether who listens at an address answers a greeting in TLS, in whatever way. */
  static boolean answers(InetSocketAddress address) {
    try (Socket plain = new Socket()) {
      plain.connect(address, PATIENCE_MILLIS);
      plain.setSoTimeout(PATIENCE_MILLIS);
      SSLSocketFactory tls = (SSLSocketFactory) SSLSocketFactory.getDefault();
      try (SSLSocket socket =
          (SSLSocket) tls.createSocket(plain, address.getHostString(), address.getPort(), true)) {
        socket.startHandshake();
        return true;
      }
    } catch (SSLHandshakeException e) {
      // A certificate that is not trusted is one; a connection that is merely closed is none.
      return Stream.iterate((Throwable) e, cause -> cause != null, Throwable::getCause)
          .noneMatch(cause -> cause instanceof EOFException || cause instanceof SocketException);
    } catch (IOException e) {
      return false;
    }
  }
}
