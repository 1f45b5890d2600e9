package org.globalsessions.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Security;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Cipher;
import javax.crypto.NoSuchPaddingException;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two engines beside each other: what no socket shows. */
class TlsEnginesTest {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    @TempDir
    private Path folder;

    private final ByteBuffer toServer = ByteBuffer.allocate(1 << 16);
    private final ByteBuffer toClient = ByteBuffer.allocate(1 << 16);
    private final ByteBuffer received = ByteBuffer.allocate(1 << 16);

    @Test
    void shouldEncryptByTheJdksAesWhenBouncyCastleSpeaks() throws Exception {
        List<Cipher> ciphers = new CopyOnWriteArrayList<>();
        Provider crypto = new BouncyCastleProvider();
        TlsImplementation watched = TlsImplementation.bouncyCastle(
                crypto,
                new AesOfJdk(crypto, Security.getProvider("SunJCE")) {
                    @Override
                    public Cipher createCipher(String algorithm)
                            throws NoSuchAlgorithmException, NoSuchPaddingException {
                        Cipher cipher = super.createCipher(algorithm);
                        ciphers.add(cipher);
                        return cipher;
                    }
                },
                new SecureRandom());
        KeyFolder keys = new KeyFolder(folder);
        SSLEngine server = TlsCredentials.open(keys.listener(""), watched).newEngine(null, 0);
        SSLEngine client = TlsCredentials.open(keys.connector(""), watched).newEngine("localhost", 1);

        handshake(client, server);
        exchange(client, server, 100);

        assertThat(client.getSession().getProtocol()).isEqualTo("TLSv1.3");
        assertThat(client.getSession().getCipherSuite()).isEqualTo("TLS_AES_128_GCM_SHA256");
        assertThat(ciphers).hasSizeGreaterThanOrEqualTo(4).allSatisfy(cipher -> {
            assertThat(cipher.getAlgorithm()).startsWith("AES/GCM");
            assertThat(cipher.getProvider().getName()).isEqualTo("SunJCE");
        });
    }

    @Test
    void shouldTakeTheRandomnessThatItIsPassed() throws Exception {
        AtomicInteger drawn = new AtomicInteger();
        Provider crypto = new BouncyCastleProvider();
        TlsImplementation watched =
                TlsImplementation.bouncyCastle(crypto, TlsImplementation.algorithms(crypto), new SecureRandom() {
                    private static final long serialVersionUID = 1L;

                    @Override
                    public void nextBytes(byte[] bytes) {
                        drawn.incrementAndGet();
                        super.nextBytes(bytes);
                    }
                });
        KeyFolder keys = new KeyFolder(folder);
        SSLEngine server = TlsCredentials.open(keys.listener("")).newEngine(null, 0);
        SSLEngine client = TlsCredentials.open(keys.connector(""), watched).newEngine("localhost", 1);
        int before = drawn.get();

        handshake(client, server);

        assertThat(drawn.get()).isGreaterThan(before);
    }

    @Test
    void shouldTakeTheSameAlgorithmsWhenNobodyWatches() {
        TlsImplementation.of(TlsSettings.Implementation.BCJSSE);
        assertThat(TlsImplementation.algorithms(new BouncyCastleProvider())).isInstanceOf(AesOfJdk.class);
    }

    @Tag("slow")
    @Test
    void shouldGoOnWhenSoManyRecordsHavePassedThatKeysChange() throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        SSLEngine server = TlsCredentials.open(keys.listener("")).newEngine(null, 0);
        SSLEngine client = TlsCredentials.open(keys.connector("")).newEngine("localhost", 1);
        handshake(client, server);

        // Bouncy Castle changes keys after 2^20 records.
        exchange(client, server, (1 << 20) + 1000);
        exchange(server, client, 1000);
    }

    private void exchange(SSLEngine from, SSLEngine to, int records) throws SSLException {
        ByteBuffer message = ByteBuffer.allocate(32);
        for (int i = 0; i < records; i++) {
            message.clear().putInt(0, i);
            received.clear();
            while (message.hasRemaining()) {
                wrap(from, message);
            }
            unwrap(to);
            // A change of keys may have to be answered before more is read.
            while (to.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
                wrap(to, NOTHING.duplicate());
                unwrap(from);
            }
            if (received.position() != 32 || received.getInt(0) != i) {
                throw new AssertionError("record " + i + " did not arrive: " + received);
            }
        }
    }

    private void handshake(SSLEngine client, SSLEngine server) throws SSLException {
        client.beginHandshake();
        server.beginHandshake();
        for (int i = 0; i < 50; i++) {
            for (SSLEngine each : List.of(client, server)) {
                if (each.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
                    wrap(each, NOTHING.duplicate());
                }
                unwrap(each);
            }
        }
        assertThat(client.getHandshakeStatus()).isEqualTo(HandshakeStatus.NOT_HANDSHAKING);
        assertThat(server.getHandshakeStatus()).isEqualTo(HandshakeStatus.NOT_HANDSHAKING);
    }

    private void wrap(SSLEngine from, ByteBuffer message) throws SSLException {
        ByteBuffer wire = from.getUseClientMode() ? toServer : toClient;
        SSLEngineResult wrapped = from.wrap(message, wire);
        if (wrapped.getStatus() != SSLEngineResult.Status.OK) {
            throw new AssertionError(wrapped.toString());
        }
        runTasks(from);
    }

    /** As much as there is and the engine takes. */
    private void unwrap(SSLEngine to) throws SSLException {
        ByteBuffer wire = to.getUseClientMode() ? toClient : toServer;
        wire.flip();
        int before = -1;
        while (wire.hasRemaining() && wire.position() != before) {
            before = wire.position();
            to.unwrap(wire, received);
            runTasks(to);
        }
        wire.compact();
    }

    private static void runTasks(SSLEngine engine) {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }
}
