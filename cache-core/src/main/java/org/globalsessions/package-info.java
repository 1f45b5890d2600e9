/**
 * What an application sees: the session cache, its configuration and the words of its contract.
 *
 * <p>This module and {@code transport} run without any JVM flag, on Java 17 and newer.
 */
package org.globalsessions;
