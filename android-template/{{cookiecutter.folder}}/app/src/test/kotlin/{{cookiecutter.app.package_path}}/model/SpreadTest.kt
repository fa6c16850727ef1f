package {{ cookiecutter.app.package }}.model

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test

class SpreadTest {
    @Test
    fun oddNumbers_haveTheMiddleOne() {
        assertEquals(Spread(median = 3.0, least = 1.0, most = 9.0), Spread.of(listOf(9.0, 1.0, 3.0)))
    }

    @Test
    fun evenNumbers_haveTheMeanOfTheMiddleTwo() {
        assertEquals(Spread(median = 2.5, least = 1.0, most = 9.0), Spread.of(listOf(2.0, 9.0, 3.0, 1.0)))
    }

    @Test
    fun noNumbers_haveNone() {
        assertNull(Spread.of(emptyList()))
    }
}
