/**
 * Relief nodes: aging nodes keep what was handed off until it expires, expansion nodes take the newest.
 */
package org.globalsessions.relief;
