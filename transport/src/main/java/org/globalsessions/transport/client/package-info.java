/** The relay as the next tier of an application's segment. */
package org.globalsessions.transport.client;
