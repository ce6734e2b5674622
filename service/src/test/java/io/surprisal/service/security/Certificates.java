package io.surprisal.service.security;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;

/**
 * An authority of the test's own, with what it signed for a broker on this machine: a certificate
 * that holds, and one that has expired. Made by the JDK's keytool.
 */
final class Certificates {
  static final String PASSWORD = "of-the-test";
  private static final String AUTHORITY = "authority";
  private static final char[] SECRET = PASSWORD.toCharArray();

  private final Path folder;
  private final Path all;

  Certificates(Path folder) throws Exception {
    this.folder = folder;
    all = folder.resolve("all.p12");
    keytool("-alias", AUTHORITY, "-dname", "CN=authority", "-ext", "bc:c", "-validity", "2");
    server("valid", "-validity", "2");
    server("expired", "-startdate", "-3d", "-validity", "1");
    write("trusted", store -> store.setCertificateEntry(AUTHORITY, of(AUTHORITY)));
  }

  private void server(String alias, String... validity) throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "-alias",
                alias,
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-signer",
                AUTHORITY));
    arguments.addAll(List.of(validity));
    keytool(arguments.toArray(String[]::new));
    KeyStore from = load();
    write(
        alias,
        store ->
            store.setKeyEntry(
                alias, from.getKey(alias, SECRET), SECRET, from.getCertificateChain(alias)));
  }

  /** A key store of the broker, PKCS #12. */
  Path store(String alias) {
    return folder.resolve(alias + ".p12");
  }

  /** What clients trust, PKCS #12. */
  Path trusted() {
    return store("trusted");
  }

  private java.security.cert.Certificate of(String alias) throws GeneralSecurityException {
    return load().getCertificate(alias);
  }

  private KeyStore load() {
    try (InputStream in = Files.newInputStream(all)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(in, SECRET);
      return store;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("keytool wrote no key store", e);
    }
  }

  private interface Filling {
    void fill(KeyStore store) throws GeneralSecurityException;
  }

  private void write(String name, Filling filling) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, SECRET);
    filling.fill(store);
    try (OutputStream out = Files.newOutputStream(store(name))) {
      store.store(out, SECRET);
    }
  }

  private void keytool(String... arguments) throws Exception {
    List<String> line =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-storetype",
                "PKCS12",
                "-keystore",
                all.toString(),
                "-storepass",
                PASSWORD));
    line.addAll(List.of(arguments));
    Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException("keytool: " + said);
    }
  }
}
