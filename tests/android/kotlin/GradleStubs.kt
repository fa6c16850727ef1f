@file:Suppress("unused", "UNUSED_PARAMETER")

package gradle

import org.gradle.api.Project
import org.gradle.api.Task
import org.gradle.api.artifacts.dsl.RepositoryHandler
import org.gradle.api.provider.Property
import org.gradle.api.tasks.TaskContainer
import org.gradle.api.tasks.TaskProvider
import org.gradle.plugin.use.PluginDependenciesSpec
import org.gradle.plugin.use.PluginDependencySpec

// What Gradle's Kotlin DSL adds to its API, as far as the scripts of an app use it.

open class Library

class Dependencies {
    fun platform(library: Library): Library = library

    fun classpath(library: Library) {}

    fun implementation(library: Library) {}

    fun implementation(coordinates: String) {}

    fun implementation(project: Project) {}

    fun debugImplementation(library: Library) {}

    fun testImplementation(library: Library) {}

    fun androidTestImplementation(library: Library) {}
}

class ScriptHandler {
    fun repositories(action: RepositoryHandler.() -> Unit) {}

    fun dependencies(action: Dependencies.() -> Unit) {}
}

fun Project.plugins(action: PluginDependenciesSpec.() -> Unit) {}

infix fun PluginDependencySpec.apply(apply: Boolean): PluginDependencySpec = this

fun Project.buildscript(action: ScriptHandler.() -> Unit) {}

fun Project.dependencies(action: Dependencies.() -> Unit) {}

inline fun <reified T : Task> TaskContainer.register(name: String, noinline action: T.() -> Unit): TaskProvider<T> = TODO()

fun <T : Any> Property<T>.assign(value: T?) {}
