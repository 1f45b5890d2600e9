/**
 * The midway relay: it stores what hosts publish, numbers and announces it, and passes it on to the sibling.
 */
package org.globalsessions.relay;
