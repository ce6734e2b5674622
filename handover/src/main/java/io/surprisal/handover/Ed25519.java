package io.surprisal.handover;

import io.surprisal.model.checks.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.SignatureException;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.List;

/**
 * Detached signatures (Ed25519, RFC 8032) of releases and commands, with keys in the PEM files that
 * {@code openssl genpkey -algorithm ed25519} and {@code openssl pkey -pubout} write.
 */
public final class Ed25519 {
  /** Begins the location of a signature that is its own location, in base64 (RFC 2397). */
  public static final String DATA = "data:;base64,";

  private static final String ALGORITHM = "Ed25519";
  private static final int SIGNATURE_BYTES = 64;
  private static final int ID_DIGITS = 16;

  private Ed25519() {}

  /** A new pair of keys. */
  public static KeyPair newKeys() {
    try {
      return KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JDK lacks Ed25519, which Java has since 15", e);
    }
  }

  /**
   * Reads a private key (PKCS #8, PEM).
   *
   * @throws IOException if the file is not there or holds no such key
   */
  public static PrivateKey privateKey(Path file) throws IOException {
    try {
      return KeyFactory.getInstance(ALGORITHM)
          .generatePrivate(new PKCS8EncodedKeySpec(pem(file, "PRIVATE KEY")));
    } catch (GeneralSecurityException e) {
      throw new IOException(file + " holds no Ed25519 private key", e);
    }
  }

  /**
   * Reads a public key (X.509, PEM).
   *
   * @throws IOException if the file is not there or holds no such key
   */
  public static PublicKey publicKey(Path file) throws IOException {
    try {
      return KeyFactory.getInstance(ALGORITHM)
          .generatePublic(new X509EncodedKeySpec(pem(file, "PUBLIC KEY")));
    } catch (GeneralSecurityException e) {
      throw new IOException(file + " holds no Ed25519 public key", e);
    }
  }

  /**
   * The public key of a private one. The JDK has no such function, but makes the private key of a
   * new pair of the random bytes that it is given: here, those of the one at hand.
   */
  public static PublicKey publicOf(PrivateKey key) {
    byte[] seed =
        ((EdECPrivateKey) key)
            .getBytes()
            .orElseThrow(() -> new IllegalArgumentException("the key does not show its bytes"));
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(ALGORITHM);
      generator.initialize(NamedParameterSpec.ED25519, new GivenBytes(seed));
      PublicKey found = generator.generateKeyPair().getPublic();
      byte[] probe = {1};
      if (!isTrusted(List.of(found), probe, sign(key, probe))) {
        throw new IllegalStateException("this JDK makes keys in a way that is not known");
      }
      return found;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK lacks Ed25519, which Java has since 15", e);
    }
  }

  /** Gives out bytes that are known. */
  private static final class GivenBytes extends SecureRandom {
    private static final long serialVersionUID = 1L;
    private final byte[] given;

    GivenBytes(byte[] given) {
      this.given = given.clone();
    }

    @Override
    public void nextBytes(byte[] bytes) {
      System.arraycopy(given, 0, bytes, 0, bytes.length);
    }
  }

  /**
   * A public key of its bytes (X.509) in base64.
   *
   * @throws IllegalArgumentException if they are no such key
   */
  static PublicKey publicKey(String base64) {
    try {
      return KeyFactory.getInstance(ALGORITHM)
          .generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(base64)));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("its base64 is no Ed25519 public key", e);
    }
  }

  /**
   * What a key is called: the first 16 hexadecimal digits of the SHA-256 of its X.509 encoding, as
   * {@code openssl pkey -pubin -in KEY.pub -outform DER | sha256sum} prints them.
   */
  public static String id(PublicKey key) {
    return Sha256.hex(key.getEncoded()).substring(0, ID_DIGITS);
  }

  private static byte[] pem(Path file, String label) throws IOException {
    String text = Files.readString(file, StandardCharsets.US_ASCII);
    String begin = "-----BEGIN " + label + "-----";
    int from = text.indexOf(begin);
    int to = text.indexOf("-----END " + label + "-----");
    if (from < 0 || to < from) {
      throw new IOException(file + " has no part '" + label + "'; give a PEM file");
    }
    try {
      return Base64.getMimeDecoder().decode(text.substring(from + begin.length(), to).trim());
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " is damaged: its base64 cannot be read", e);
    }
  }

  /** A signature of 64 bytes. */
  public static byte[] sign(PrivateKey key, byte[] message) {
    try {
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initSign(key);
      signature.update(message);
      return signature.sign();
    } catch (InvalidKeyException e) {
      throw new IllegalArgumentException("the key is no Ed25519 private key", e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Ed25519 cannot sign", e);
    }
  }

  /** Whether one of the keys made the signature of exactly this message. */
  public static boolean isTrusted(List<PublicKey> keys, byte[] message, byte[] signed) {
    if (signed.length != SIGNATURE_BYTES) {
      return false; // the JDK passes over what follows a signature
    }
    for (PublicKey key : keys) {
      try {
        Signature signature = Signature.getInstance(ALGORITHM);
        signature.initVerify(key);
        signature.update(message);
        if (signature.verify(signed)) {
          return true;
        }
      } catch (SignatureException e) {
        return false; // no signature at all, whatever the key
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("Ed25519 cannot verify", e);
      }
    }
    return false;
  }
}
