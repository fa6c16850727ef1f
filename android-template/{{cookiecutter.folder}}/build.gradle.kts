buildscript {
    repositories {
        mavenCentral()
        google()
    }
    dependencies {
        // AGP compiles Kotlin with the version it was built with; this is its documented way to choose a newer one.
        classpath(libs.kotlin.gradle.plugin)
    }
}

plugins {
    alias(libs.plugins.android.application) apply false
    alias(libs.plugins.android.test) apply false
    alias(libs.plugins.kotlin.compose) apply false
    alias(libs.plugins.kotlin.serialization) apply false
}
