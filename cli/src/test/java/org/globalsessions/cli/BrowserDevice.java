package org.globalsessions.cli;

import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import org.awaitility.core.ConditionFactory;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;

/** A person's device: a browser of its own that has the sample's page open. */
final class BrowserDevice implements AutoCloseable {
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
    private static final Path SCREENSHOTS = Path.of("target", "screenshots");

    private final String name;
    private final ChromeDriver driver;

    BrowserDevice(String name, Path profile) {
        this.name = name;
        ChromeOptions options = new ChromeOptions();
        options.setBinary(CHROMIUM.toFile());
        options.addArguments(
                "--headless",
                // Tests may run as root, in a container without user namespaces.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--window-size=800,700",
                "--user-data-dir=" + profile);
        driver = new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(DRIVER.toFile())
                        .usingAnyFreePort()
                        .withSilent(true)
                        .build(),
                options);
    }

    /** Whether this machine has what a device needs. */
    static boolean isThere() {
        return Files.isExecutable(CHROMIUM) && Files.isExecutable(DRIVER);
    }

    static ConditionFactory soon() {
        return await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(50));
    }

    BrowserDevice open(String url) {
        driver.get(url);
        awaitState("connected");
        return this;
    }

    /** Drops what the page of before has kept: the next one is a new client. */
    BrowserDevice forget() {
        if (driver.getCurrentUrl().startsWith("http")) {
            driver.executeScript("sessionStorage.clear()");
        }
        return this;
    }

    void reload() {
        driver.navigate().refresh();
        awaitState("connected");
    }

    void awaitState(String state) {
        soon().until(() -> text("state").equals(state));
    }

    void logIn(String user, String password) {
        type("user", user);
        type("password", password);
        click("#login button");
    }

    void awaitLoggedIn(String user) {
        soon().until(() ->
                text("who").equals(user) && !driver.findElement(By.id("login")).isDisplayed());
    }

    void awaitLoggedOut() {
        soon().until(() -> driver.findElement(By.id("login")).isDisplayed());
    }

    void say(String to, String text) {
        type("to", to);
        type("text", text);
        click("#say button");
        // The page empties it once the gateway has answered.
        soon().until(() ->
                driver.findElement(By.id("text")).getDomProperty("value").isEmpty());
    }

    void leaveNote(String user, String text) {
        type("note-to", user);
        type("note-text", text);
        click("#note button");
        soon().until(() ->
                driver.findElement(By.id("note-text")).getDomProperty("value").isEmpty());
    }

    void takeBasket() {
        click("#take button");
        awaitBasket("on this device");
    }

    void awaitBasket(String state) {
        soon().until(() -> text("basket-state").equals(state));
    }

    /** Buys the item that the page offers, once that is this one. */
    void buy(String item) {
        soon().until(() -> text("buy").equals("Buy " + item)
                && driver.findElement(By.id("buy")).isEnabled());
        click("#buy");
    }

    /** Again and again, as a gateway that has just been started may not be connected yet: nothing is bought twice by that. */
    void buyUntilBought(String item, String items) {
        soon().until(() -> {
            if (text("buy").equals("Buy " + item)
                    && driver.findElement(By.id("buy")).isEnabled()) {
                click("#buy");
            }
            return text("bought").equals(items);
        });
    }

    void awaitBought(String items) {
        soon().until(() -> text("bought").equals(items));
    }

    List<String> notes() {
        return texts("#notes li");
    }

    void awaitNotes(String... expected) {
        soon().until(() -> notes().equals(List.of(expected)));
    }

    void logOut() {
        click("#logout");
    }

    void logOutEverywhere() {
        click("#logout-everywhere");
    }

    List<String> messages() {
        return texts("#messages li");
    }

    private List<String> texts(String selector) {
        return driver.findElements(By.cssSelector(selector)).stream()
                .map(WebElement::getText)
                .toList();
    }

    void awaitMessages(String... expected) {
        soon().until(() -> messages().equals(List.of(expected)));
    }

    String error() {
        return text("error");
    }

    /** How the page's identifier is now, which is the page's own business. */
    String identifier() {
        return (String) driver.executeScript(
                "return sessionStorage.getItem(Object.keys(sessionStorage).find(key => key.startsWith('client of ')))");
    }

    /** What the browser holds as a person sees it, kept with the build's output. */
    void screenshot(String what) throws IOException {
        Files.createDirectories(SCREENSHOTS);
        File taken = driver.getScreenshotAs(OutputType.FILE);
        Files.move(
                taken.toPath(), SCREENSHOTS.resolve(what + "-" + name + ".png"), StandardCopyOption.REPLACE_EXISTING);
    }

    private String text(String id) {
        return driver.findElement(By.id(id)).getText();
    }

    private void type(String id, String text) {
        WebElement field = driver.findElement(By.id(id));
        field.clear();
        field.sendKeys(text);
    }

    private void click(String selector) {
        driver.findElement(By.cssSelector(selector)).click();
    }

    @Override
    public void close() {
        driver.quit();
    }
}
