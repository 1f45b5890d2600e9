package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.globalsessions.relay.FaultProxy;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page of {@code samples/gateway} in headless Chromium, with a gateway and a relay as an operator starts them: two devices of Ann, one of them behind a
 * network that fails, and one of Bob.
 */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BrowserIT {
    @TempDir
    private static Path folder;

    private Map<String, String> variables;
    private Path gatewayConfig;
    private int gatewayPort;
    private HttpServer web;
    private LaunchedProcess relay;
    private LaunchedProcess gateway;
    private FaultProxy network;
    private BrowserDevice annsPhone;
    private BrowserDevice annsLaptop;
    private BrowserDevice bobs;

    @BeforeAll
    void start() throws Exception {
        // CI installs both; without them there the sample would rot unseen.
        assumeTrue(
                BrowserDevice.isThere() || System.getenv("CI") != null,
                "no chromium and chromedriver in /usr/bin: the page is not tried");
        web = pages();
        variables = CompiledSample.variables("gateway", "src/shop/ShopApplication.java", folder.resolve("classes"));
        int[] ports = QuickstartFolder.freePorts();
        gatewayPort = ports[1];
        Path relayConfig = Files.writeString(folder.resolve("relay.conf"), """
                edge_supported_relay : true
                auth_path : "sessions"
                port : %d
                path_types { sessions { cache { segment_dir : ".", el_count : 500 } } }
                """.formatted(ports[0]));
        gatewayConfig = Files.writeString(folder.resolve("gateway.conf"), """
                gateway {
                    application : "shop"
                    port : %d
                    origins : [ "http://localhost:%d" ]
                }
                message_relay { auth_path : "sessions", port : %d }
                lru { cache { segment_dir : ".", el_count : 500 } }
                """.formatted(
                        gatewayPort, web.getAddress().getPort(), ports[0]));
        relay = LaunchedProcess.start(folder, relayConfig).awaitRunning();
        startGateway();
        network = new FaultProxy(gatewayPort, 1);
        annsPhone = new BrowserDevice("anns-phone", folder.resolve("phone"));
        annsLaptop = new BrowserDevice("anns-laptop", folder.resolve("laptop"));
        bobs = new BrowserDevice("bobs", folder.resolve("bobs"));
    }

    private static HttpServer pages() throws IOException {
        InetSocketAddress free = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        HttpServer server = HttpServer.create(free, 0);
        server.createContext("/", exchange -> {
            String name = exchange.getRequestURI().getPath().equals("/")
                    ? "index.html"
                    : exchange.getRequestURI().getPath().substring(1);
            Path file = CompiledSample.path("gateway", "page").resolve(name);
            exchange.getResponseHeaders()
                    .add("Content-Type", name.endsWith(".mjs") ? "text/javascript" : "text/html; charset=utf-8");
            byte[] body = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
            exchange.sendResponseHeaders(Files.exists(file) ? 200 : 404, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        return server;
    }

    private void startGateway() throws IOException {
        gateway = LaunchedProcess.start(folder, variables, gatewayConfig).awaitRunning();
    }

    @AfterAll
    void stop() throws Exception {
        if (web != null) {
            web.stop(0);
        }
        close(Stream.<AutoCloseable>of(relay, gateway, network, bobs, annsLaptop, annsPhone)
                .filter(Objects::nonNull)
                .iterator());
    }

    /** The last one first; also those after one that cannot be closed. */
    private static void close(Iterator<AutoCloseable> opened) throws Exception {
        if (opened.hasNext()) {
            AutoCloseable first = opened.next();
            try {
                close(opened);
            } finally {
                first.close();
            }
        }
    }

    private String page(int gatewayAt, String more) {
        return "http://localhost:" + web.getAddress().getPort() + "/?gateway=http://localhost:" + gatewayAt + more;
    }

    /** Three pages with new clients: what an earlier test has left belongs to earlier ones. */
    private void openAll(String more) {
        annsPhone.forget().open(page(network.port(), more));
        annsLaptop.forget().open(page(gatewayPort, more));
        bobs.forget().open(page(gatewayPort, more));
    }

    private void logInAll() {
        annsPhone.logIn("ann", "apple");
        annsLaptop.logIn("ann", "apple");
        bobs.logIn("bob", "birch");
        annsPhone.awaitLoggedIn("ann");
        annsLaptop.awaitLoggedIn("ann");
        bobs.awaitLoggedIn("bob");
    }

    @Test
    void shouldReachAllDevicesOfAUserAndNobodyElse() throws Exception {
        openAll("");
        annsPhone.screenshot("visitor");
        annsPhone.logIn("ann", "pear");
        BrowserDevice.soon().until(() -> annsPhone.error().equals("wrong name or password"));
        annsPhone.screenshot("wrong-password");
        String before = annsPhone.identifier();
        logInAll();
        assertThat(annsPhone.identifier())
                .as("an identifier of before the login")
                .isNotEqualTo(before);

        bobs.say("ann", "Hello <b>Ann</b>");
        annsPhone.awaitMessages("bob: Hello <b>Ann</b>");
        annsLaptop.awaitMessages("bob: Hello <b>Ann</b>");
        annsLaptop.say("bob", "Hello Bob");
        bobs.awaitMessages("ann: Hello Bob");
        annsPhone.reload();
        annsPhone.awaitLoggedIn("ann");
        bobs.say("ann", "Still there?");
        annsPhone.awaitMessages("bob: Still there?");
        annsLaptop.awaitMessages("bob: Hello <b>Ann</b>", "bob: Still there?");
        assertThat(bobs.messages()).containsExactly("ann: Hello Bob");
        annsLaptop.screenshot("pushed");
        bobs.screenshot("pushed");
    }

    @Test
    void shouldLogOutOneDeviceOrAllOfThem() throws Exception {
        openAll("");
        logInAll();
        annsPhone.logOut();
        annsPhone.awaitLoggedOut();
        bobs.say("ann", "To the laptop");
        annsLaptop.awaitMessages("bob: To the laptop");
        assertThat(annsPhone.messages()).isEmpty();

        annsPhone.logIn("ann", "apple");
        annsPhone.awaitLoggedIn("ann");
        annsLaptop.logOutEverywhere();
        annsLaptop.awaitLoggedOut();
        annsPhone.awaitLoggedOut();
        annsPhone.screenshot("logged-out-everywhere");
        bobs.say("ann", "To nobody");
        bobs.say("bob", "To myself");
        bobs.awaitMessages("bob: To myself");
        assertThat(annsPhone.messages()).isEmpty();
        assertThat(annsLaptop.messages()).containsExactly("bob: To the laptop");
        annsPhone.reload();
        annsPhone.awaitLoggedOut();
    }

    @Test
    void shouldGoOnAfterTheNetworkWasLostAndAfterTheGatewayWasKilled() throws Exception {
        openAll("");
        logInAll();
        String phone = annsPhone.identifier();
        network.refuse();
        network.reset();
        annsPhone.awaitState("connecting");
        annsPhone.screenshot("network-lost");
        bobs.say("ann", "While you were away");
        annsLaptop.awaitMessages("bob: While you were away");
        network.heal();
        annsPhone.awaitState("connected");
        annsPhone.awaitMessages("bob: While you were away");
        assertThat(annsPhone.identifier()).isEqualTo(phone);

        gateway.kill();
        bobs.awaitState("connecting");
        startGateway();
        for (BrowserDevice device : new BrowserDevice[] {annsPhone, annsLaptop, bobs}) {
            device.awaitState("connected");
        }
        annsPhone.awaitLoggedIn("ann");
        bobs.awaitLoggedIn("bob");
        bobs.say("ann", "Welcome back");
        annsPhone.awaitMessages("bob: While you were away", "bob: Welcome back");
        annsLaptop.awaitMessages("bob: While you were away", "bob: Welcome back");
        annsPhone.screenshot("back");
    }

    @Test
    void shouldMoveABasketWithItsNotesAndAHalfDonePurchaseToAnotherDevice() throws Exception {
        openAll("");
        logInAll();
        bobs.leaveNote("ann", "No sugar please");
        annsPhone.takeBasket();
        annsPhone.awaitNotes("bob: No sugar please");
        annsPhone.buy("tea");
        annsPhone.awaitBought("tea");
        annsPhone.screenshot("basket-on-the-phone");

        network.refuse();
        network.reset();
        annsPhone.awaitState("connecting");
        bobs.leaveNote("ann", "The bread is for me");
        annsLaptop.takeBasket();
        annsLaptop.awaitNotes("bob: The bread is for me");
        annsLaptop.awaitBought("tea");
        annsLaptop.buy("milk");
        annsLaptop.awaitBought("tea, milk");
        network.heal();
        annsPhone.awaitState("connected");
        annsPhone.awaitBasket("on another device");
        annsPhone.screenshot("basket-on-the-laptop");

        bobs.leaveNote("ann", "Jam as well?");
        annsLaptop.awaitNotes("bob: The bread is for me", "bob: Jam as well?");
        gateway.kill();
        annsLaptop.awaitState("connecting");
        startGateway();
        annsLaptop.awaitState("connected");
        annsLaptop.buyUntilBought("bread", "tea, milk, bread");
        annsPhone.awaitState("connected");
        annsPhone.takeBasket();
        annsLaptop.awaitBasket("on another device");
        annsPhone.buy("jam");
        annsPhone.awaitBought("tea, milk, bread, jam");
        assertThat(annsPhone.notes()).containsExactly("bob: No sugar please");
        annsLaptop.screenshot("basket-back-on-the-phone");
    }

    @Test
    void shouldDoTheSameByLongPolling() throws Exception {
        openAll("&poll");
        logInAll();
        bobs.say("ann", "Grüße, polled");
        annsPhone.awaitMessages("bob: Grüße, polled");
        annsLaptop.awaitMessages("bob: Grüße, polled");
        String phone = annsPhone.identifier();
        annsPhone.reload();
        annsPhone.awaitLoggedIn("ann");
        network.refuse();
        network.reset();
        annsPhone.awaitState("connecting");
        bobs.say("ann", "While you were away");
        network.heal();
        annsPhone.awaitMessages("bob: While you were away");
        gateway.kill();
        bobs.awaitState("connecting");
        startGateway();
        for (BrowserDevice device : new BrowserDevice[] {annsPhone, annsLaptop, bobs}) {
            device.awaitState("connected");
        }
        bobs.say("ann", "Welcome back");
        annsPhone.awaitMessages("bob: While you were away", "bob: Welcome back");
        assertThat(annsPhone.identifier()).isEqualTo(phone);

        annsPhone.logOut();
        annsPhone.awaitLoggedOut();
        annsLaptop.logOutEverywhere();
        annsLaptop.awaitLoggedOut();
        assertThat(gateway.err()).doesNotContain("Grüße", "apple", "birch", annsPhone.identifier());
    }
}
